// Command markdown prints the pages of the runbook as the table of the README.
package main

import (
	"fmt"
	"os"

	"runbook/internal/catalogue"
)

func main() {
	pages, err := catalogue.Read(os.DirFS("smoke"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "catalogue:", err)
		os.Exit(1)
	}
	fmt.Print(catalogue.Markdown(pages))
}
