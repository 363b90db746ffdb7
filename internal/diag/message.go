package diag

import (
	"regexp"
	"strings"
)

// label begins a section of what testify reports for a failed assertion.
var label = regexp.MustCompile(`^\t([A-Z][A-Za-z ]*):\s*\t(.*)$`)

// assertion returns what a failed assertion has to say to an operator: the
// page's own words if it gave any, else what testify found. Where in the source it
// stands and which test it is are known already.
func assertion(text string) string {
	sections := map[string]string{}
	var at string
	for line := range strings.SplitSeq(text, "\n") {
		if m := label.FindStringSubmatch(line); m != nil {
			at = m[1]
			sections[at] = m[2]
		} else if at != "" {
			sections[at] += "\n" + strings.TrimSpace(line)
		}
	}
	for _, section := range []string{"Messages", "Error"} {
		if s := strings.TrimSpace(sections[section]); s != "" {
			return s
		}
	}
	return text
}
