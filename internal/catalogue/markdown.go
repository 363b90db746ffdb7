package catalogue

import (
	"fmt"
	"strings"

	"runbook/internal/stack"
)

// Pages returns the pages as a table in Markdown.
func Pages(pages []Page) string {
	var b strings.Builder
	b.WriteString("| page | severity | claims | in the runbook on paper |\n|---|---|---|---|\n")
	for _, p := range pages {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", p.Name, p.Severity, strings.ReplaceAll(p.Claim(), "|", `\|`), p.Runbook)
	}
	return b.String()
}

// Settings returns the settings as a table in Markdown.
func Settings(settings []stack.Setting) string {
	var b strings.Builder
	b.WriteString("| setting | default | meaning |\n|---|---|---|\n")
	for _, s := range settings {
		initial := "none"
		if s.Default != "" {
			initial = "`" + s.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, initial, s.Meaning)
	}
	return b.String()
}
