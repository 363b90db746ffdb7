package diag

import (
	"cmp"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"strings"

	"runbook/internal/catalogue"
	"runbook/internal/report"
	"runbook/internal/stack"
)

// remedies begins the third part of a page's doc comment.
const remedies = "If it fails:"

// text is what an operator reads: nothing of a page that passed, one line of a page
// that could not look, the runbook's paragraph of one that failed.
func (d *D) text() string {
	p := d.page
	head := strings.TrimSpace(fmt.Sprintf("%s %s %s: %s", p.Severity, p.Subsystem, verdict(p), p.Message))
	switch p.Verdict {
	case report.Degraded, report.Inconclusive:
		return head
	case report.Failed:
		return strings.TrimSpace(strings.Join([]string{head, seen(p.Facts), d.run.paragraph(p.Name, p.Facts)}, "\n\n"))
	default:
		return ""
	}
}

func verdict(p report.Page) string {
	if p.Reason != "" {
		return fmt.Sprintf("%s (%s)", p.Verdict, p.Reason)
	}
	return string(p.Verdict)
}

func seen(facts []report.Fact) string {
	if len(facts) == 0 {
		return "Seen: nothing."
	}
	lines := []string{"Seen:"}
	for _, f := range facts {
		lines = append(lines, fmt.Sprintf("    %s: %s", f.Name, f.Value))
	}
	return strings.Join(lines, "\n")
}

// paragraph is the page's doc comment with the commands for this stack's provider and
// the braces filled in.
func (r *run) paragraph(page string, facts []report.Fact) string {
	about, commands, _ := strings.Cut(r.docs[page], remedies)
	lines := []string{strings.TrimSpace(about), "", remedies}
	for line := range strings.SplitSeq(strings.TrimSpace(commands), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if command, ok := forProvider(line, r.stack.Provider()); ok {
			lines = append(lines, "    "+fill(r.stack, facts, command))
		}
	}
	return strings.Join(lines, "\n")
}

// forProvider tells whether a line concerns the provider. Where it is not known the
// lines of all are shown, with their names.
func forProvider(line, provider string) (string, bool) {
	of, command, tagged := strings.Cut(line, ": ")
	if !tagged || of != stack.AWS && of != stack.GCP || provider == "" {
		return line, true
	}
	return command, of == provider
}

// brace finds {name} and {name.part}; %{name} is a format of curl's.
var brace = regexp.MustCompile(`%?\{([A-Za-z]\w*)(?:\.(user|host|port|name))?\}`)

// fill puts facts and the stack's outputs in the place of {fact}, {output} and
// {output.part}, quoted for a shell where they need it. What is missing or secret stays
// as <output>.
func fill(s *stack.Stack, facts []report.Fact, command string) string {
	return brace.ReplaceAllStringFunc(command, func(match string) string {
		if strings.HasPrefix(match, "%") {
			return match
		}
		m := brace.FindStringSubmatch(match)
		for _, f := range facts {
			if f.Name == m[1] && m[2] == "" {
				return quote(f.Value)
			}
		}
		value, err := s.Text(m[1])
		if err == nil && m[2] != "" {
			value = part(value, m[2])
		} else if s.IsSecret(m[1]) {
			value = ""
		}
		if err != nil || value == "" {
			return "<" + strings.Trim(match, "{}") + ">"
		}
		return quote(connectionName.ReplaceAllString(value, "$1"))
	})
}

// connectionName is how Cloud SQL's connectors name an instance; gcloud takes only the
// name without its project and region.
var connectionName = regexp.MustCompile(`^[\w.:-]+:[a-z]+-[a-z]+\d+:([\w-]+)$`)

func part(value, which string) string {
	if !strings.Contains(value, "://") {
		value = "https://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || strings.ContainsAny(u.Host, ",=") {
		return "" // a connection string of keywords, or of several hosts
	}
	switch which {
	case "user":
		return u.User.Username()
	case "host":
		return u.Hostname()
	case "port":
		return cmp.Or(u.Port(), map[string]string{"postgres": "5432", "postgresql": "5432", "http": "80"}[u.Scheme], "443")
	default:
		return strings.Trim(u.Path, "/")
	}
}

var bare = regexp.MustCompile(`^[\w./:@=+,%-]+$`)

func quote(value string) string {
	if bare.MatchString(value) {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// readDocs returns the doc comment of each page, by the page's name.
func readDocs(source fs.FS) (map[string]string, error) {
	pages, err := catalogue.Read(source)
	docs := map[string]string{}
	for _, p := range pages {
		docs[p.Name] = p.Doc
	}
	return docs, err
}
