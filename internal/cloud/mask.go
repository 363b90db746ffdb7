package cloud

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// quoted matches what PostgreSQL's messages quote of what users typed. Names of tables,
// users and constraints follow a word and are left; values follow a colon.
var quoted = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`'(?:''|[^'])*'?`), `'…'`},
	{regexp.MustCompile(`(:|\bnear) ".*"`), `$1 "…"`},
	{regexp.MustCompile(`\)=\(.*\)`), `)=(…)`},
}

// Masked is the line's first row without the values that users typed.
func (l Line) Masked() string {
	text, _, _ := strings.Cut(strings.TrimSpace(l.Text), "\n")
	for _, q := range quoted {
		text = q.what.ReplaceAllString(text, q.with)
	}
	return text
}

// Masked is each line Masked behind its time, a row each.
func (l Lines) Masked() string {
	var text strings.Builder
	for _, line := range l.Lines {
		fmt.Fprintln(&text, line.Time.Format(time.DateTime), line.Masked())
	}
	return text.String()
}

// Message is Masked from its severity on: the same for lines that say the same.
func (l Line) Message() string {
	text := l.Masked()
	if at := level.FindStringIndex(text); at != nil {
		return text[at[0]:]
	}
	return text
}
