package secret

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// shortest is the length in bytes below which a secret is not searched for:
// replacing every occurrence of one or two letters leaves no readable text, and
// such a value protects nothing.
const shortest = 3

// Redactor replaces every occurrence of the secrets it was given with Mask: as
// they are, URL-encoded, escaped for JSON, Go or XML, and in base64 at any
// alignment. A secret of several lines is also known line by line. It is safe
// for concurrent use.
type Redactor struct{ replacer *strings.Replacer }

// NewRedactor returns a Redactor that knows the given secrets. Without any it
// changes nothing.
func NewRedactor(secrets ...string) *Redactor {
	var forms []string
	for _, s := range secrets {
		for _, part := range append(strings.Split(s, "\n"), s) {
			if part = strings.TrimSpace(part); len(part) >= shortest {
				forms = append(forms, encodings(part)...)
			}
		}
	}
	// A replacer takes the first match in the order given: the longest form first,
	// or a prefix would leave the rest of a longer secret standing.
	slices.SortFunc(forms, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, Mask)
	}
	return &Redactor{replacer: strings.NewReplacer(pairs...)}
}

// Redact returns text without the secrets.
func (r *Redactor) Redact(text string) string { return r.replacer.Replace(text) }

// Writer returns a writer that passes on to w what it is given, line by line,
// without the secrets. Close passes on an unfinished last line; it does not
// close w. The writer is not safe for concurrent use.
func (r *Redactor) Writer(w io.Writer) io.WriteCloser { return &lines{redactor: r, to: w} }

type lines struct {
	redactor *Redactor
	to       io.Writer
	rest     []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	end := bytes.LastIndexByte(l.rest, '\n') + 1
	if err := l.pass(end); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (l *lines) Close() error { return l.pass(len(l.rest)) }

func (l *lines) pass(n int) error {
	if n == 0 {
		return nil
	}
	_, err := io.WriteString(l.to, l.redactor.Redact(string(l.rest[:n])))
	l.rest = append(l.rest[:0], l.rest[n:]...)
	return err
}

// encodings lists the forms in which s may turn up.
func encodings(s string) []string {
	forms := []string{
		s,
		url.QueryEscape(s),
		url.PathEscape(s),
		strings.TrimPrefix(url.UserPassword("", s).String(), ":"),
		strings.ReplaceAll(s, "%", "%25"), // the commands of CI runners
		quoted(strconv.Quote(s)),
		quoted(strconv.QuoteToASCII(s)),
	}
	for _, escapeHTML := range []bool{true, false} {
		forms = append(forms, inJSON(s, escapeHTML))
	}
	var x bytes.Buffer
	if xml.EscapeText(&x, []byte(s)) == nil {
		forms = append(forms, x.String())
	}
	for _, form := range forms[1:4] {
		forms = append(forms, lowerPercent(form))
	}
	return append(forms, inBase64(s)...)
}

func quoted(s string) string { return s[1 : len(s)-1] }

func inJSON(s string, escapeHTML bool) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(escapeHTML)
	if e.Encode(s) != nil {
		return s
	}
	return quoted(strings.TrimSpace(b.String()))
}

// lowerPercent writes the digits of percent-encoding in lower case, as some
// libraries do: %2f for %2F.
func lowerPercent(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

// inBase64 lists what s looks like inside base64 of a longer text, such as the
// user:password of basic authentication. Base64 turns 3 bytes into 4 characters, so
// there are three alignments; the characters that s shares with its unknown
// neighbours are left out.
func inBase64(s string) []string {
	var forms []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			whole := encoding.EncodeToString(append(make([]byte, before), s...))
			first := (before*8 + 5) / 6
			last := (before + len(s)) * 8 / 6
			// Four characters are common in any base64 and three bytes of a secret at
			// the most: not worth the text they would blot out.
			if last-first > 4 {
				forms = append(forms, whole[first:last])
			}
		}
	}
	return forms
}
