// Package arch holds no code: its tests keep the rules of the architecture that a
// machine can check.
package arch

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

// source is a package as go list describes it.
type source struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func packages(t *testing.T) []source {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	list.Dir = root
	list.Stderr = os.Stderr
	out, err := list.Output()
	require.NoError(t, err)
	var found []source
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p source
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return found
		} else {
			require.NoError(t, err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, "runbook/")
		found = append(found, p)
	}
}

func within(path string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return path == f || strings.HasPrefix(path, f+"/") })
}

func TestBelowTheFixturesNobodyKnowsOfTests(t *testing.T) {
	frame := []string{"internal/diag", "internal/cloud/cloudtest"}
	for _, p := range packages(t) {
		if !within(p.ImportPath, "internal") || within(p.ImportPath, frame...) {
			continue
		}
		for _, i := range p.Imports {
			assert.False(t, within(i, "testing", "github.com/stretchr/testify", "runbook/internal/diag", "runbook/fixtures", "runbook/smoke"),
				"%s imports %s", p.ImportPath, i)
		}
	}
}

func TestPagesImportNoSDKAndNoProvider(t *testing.T) {
	allowed := []string{"github.com/stretchr/testify", "runbook/fixtures", "runbook/internal/diag", "runbook/internal/probe"}
	for _, p := range packages(t) {
		if p.ImportPath != "smoke" {
			continue
		}
		for _, i := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			standard := !strings.Contains(i, ".") && !within(i, "runbook")
			assert.True(t, standard || within(i, allowed...), "smoke imports %s", i)
		}
	}
}

func TestEachSDKHasOneImporter(t *testing.T) {
	importers := map[string][]string{
		"github.com/aws/aws-sdk-go-v2":     {"internal/cloud/awscloud"},
		"github.com/aws/smithy-go":         {"internal/cloud/awscloud", "internal/fake/awsfake"}, // its CBOR
		"google.golang.org/api":            {"internal/cloud/gcpcloud"},
		"cloud.google.com/go":              {"internal/cloud/gcpcloud"},
		"github.com/jackc/pgx":             {"internal/postgres", "internal/pgserver", "internal/local"},
		"github.com/fergusstrange":         {"internal/pgserver"},
		"runbook/internal/fake":            {"internal/fake", "internal/local"},
		"runbook/internal/pgserver":        {"internal/local"},
		"runbook/internal/local":           {"fixtures/local"},
		"runbook/internal/cloud/awscloud":  {"fixtures"},
		"runbook/internal/cloud/gcpcloud":  {"fixtures"},
		"runbook/internal/cloud/cloudtest": {},
	}
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			for sdk, by := range importers {
				if within(i, sdk) {
					assert.True(t, within(p.ImportPath, append(by, strings.TrimPrefix(sdk, "runbook/"))...), "%s imports %s", p.ImportPath, i)
				}
			}
		}
	}
}

func TestLowerPackagesStandOnTheStandardLibrary(t *testing.T) {
	alone := []string{"internal/probe", "internal/secret", "internal/stack", "internal/cloud"}
	for _, p := range packages(t) {
		if !slices.Contains(alone, p.ImportPath) {
			continue
		}
		for _, i := range p.Imports {
			assert.False(t, strings.Contains(i, "."), "%s imports %s", p.ImportPath, i)
		}
	}
}

func TestTopLevelIsWhatWasAgreed(t *testing.T) {
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	agreed := []string{"smoke", "fixtures", "internal", "go.mod", "go.sum", "Makefile", "README.md"}
	ignored := []string{"reports", "bin"} // by version control
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(ignored, e.Name()) {
			assert.Contains(t, agreed, e.Name())
		}
	}
}

func sources(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pattern))
	require.NoError(t, err)
	require.NotEmpty(t, files, pattern)
	return files
}
