package smoke

import (
	"embed"
	"testing"

	"runbook/fixtures"
	"runbook/internal/diag"
)

//go:embed *_test.go
var pages embed.FS

func TestMain(m *testing.M) { diag.Main(m, pages, fixtures.Close) }
