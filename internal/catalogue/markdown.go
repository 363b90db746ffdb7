package catalogue

import (
	"fmt"
	"strings"
)

// Markdown returns the pages as a table.
func Markdown(pages []Page) string {
	var b strings.Builder
	b.WriteString("| page | severity | claims |\n|---|---|---|\n")
	for _, p := range pages {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p.Name, p.Severity, strings.ReplaceAll(p.Claim(), "|", `\|`))
	}
	return b.String()
}
