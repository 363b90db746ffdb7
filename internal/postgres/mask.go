package postgres

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// longestText is how many bytes of a query are shown: enough to find it in the
// code, on three lines of a terminal.
const longestText = 240

// lexeme matches the parts of a query that may hold somebody's data, and those
// that must not be taken for one: an end may be missing, because the server
// cuts long texts.
var lexeme = regexp.MustCompile(`(?is)` + strings.Join([]string{
	`"(?:[^"]|"")*"?`,           // identifier
	`--[^\n]*`,                  // comment
	`/\*.*?(?:\*/|$)`,           // comment
	`e'(?:\\.|''|[^'\\])*'?`,    // literal with escapes
	`'(?:''|[^'])*'?`,           // literal
	`\$\d+`,                     // parameter
	`\$(?:[\pL_][\pL\pN_]*)?\$`, // begins a literal in dollars
	`[\pL_][\pL\pN_$]*`,         // word
	`\.?\d[\w.]*`,               // number
}, "|"))

// masked is the text of a query on one line, without comments, each literal as
// '…' and each number as ?.
func masked(query string) string {
	query = strings.ToValidUTF8(query, "?")
	var b strings.Builder
	for {
		at := lexeme.FindStringIndex(query)
		if at == nil {
			break
		}
		b.WriteString(query[:at[0]])
		token := query[at[0]:at[1]]
		query = query[at[1]:]
		if inDollars(token) {
			_, query, _ = strings.Cut(query, token)
		}
		b.WriteString(mask(token))
	}
	b.WriteString(query)
	return shortened(strings.Join(strings.Fields(b.String()), " "))
}

func mask(token string) string {
	switch {
	case strings.HasPrefix(token, "--"), strings.HasPrefix(token, "/*"):
		return " "
	case strings.HasPrefix(token, "'"), inDollars(token), len(token) > 1 && token[1] == '\'':
		return "'…'"
	case strings.ContainsAny(token[:1], ".0123456789"):
		return "?"
	}
	return token
}

func inDollars(token string) bool {
	return len(token) > 1 && strings.HasPrefix(token, "$") && strings.HasSuffix(token, "$")
}

func shortened(text string) string {
	if len(text) <= longestText {
		return text
	}
	end := longestText
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
