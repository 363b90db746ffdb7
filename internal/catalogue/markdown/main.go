// Command markdown prints the tables of the README that come from the source: the pages
// of the runbook and the settings.
package main

import (
	"fmt"
	"os"

	"runbook/internal/catalogue"
	"runbook/internal/stack"
)

func main() {
	pages, err := catalogue.Read(os.DirFS("smoke"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "catalogue:", err)
		os.Exit(1)
	}
	fmt.Println(catalogue.Pages(pages))
	fmt.Print(catalogue.Settings(stack.Settings))
}
