// Package pages holds pages that end in every way a page can, for the tests of the frame.
package pages

import (
	"embed"
	"testing"

	"runbook/internal/diag"
)

//go:embed *_test.go
var files embed.FS

func TestMain(m *testing.M) { diag.Main(m, files) }
