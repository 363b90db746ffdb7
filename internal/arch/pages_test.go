package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runbook/internal/stack"
)

// page is a test function of package smoke.
type page struct {
	name, file, doc     string
	subsystem, severity string // as its first statement gives them to diag.Begin
}

func pages(t *testing.T) []page {
	t.Helper()
	var found []page
	for _, file := range sources(t, "smoke/*_test.go") {
		if filepath.Base(file) == "main_test.go" {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, declaration := range tree.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Name.IsExported() {
				p := page{name: f.Name.Name, file: filepath.Base(file), doc: f.Doc.Text()}
				p.subsystem, p.severity = begins(f)
				found = append(found, p)
			}
		}
	}
	return found
}

// begins reads the tags out of d := diag.Begin(t, diag.Database, diag.P0).
func begins(f *ast.FuncDecl) (subsystem, severity string) {
	if len(f.Body.List) == 0 {
		return "", ""
	}
	assign, ok := f.Body.List[0].(*ast.AssignStmt)
	if !ok {
		return "", ""
	}
	call, ok := assign.Rhs[0].(*ast.CallExpr)
	if !ok || len(call.Args) < 3 || named(call.Fun) != "diag.Begin" {
		return "", ""
	}
	return strings.TrimPrefix(named(call.Args[1]), "diag."), strings.TrimPrefix(named(call.Args[2]), "diag.")
}

func named(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		if x, ok := s.X.(*ast.Ident); ok {
			return x.Name + "." + s.Sel.Name
		}
	}
	return ""
}

func TestPagesAreTaggedAndNamedAlike(t *testing.T) {
	const longest = 45 // a column of a dashboard
	for _, p := range pages(t) {
		assert.Contains(t, stack.Subsystems, p.subsystem, "%s must begin with diag.Begin(t, diag.<Subsystem>, diag.<Severity>)", p.name)
		assert.Contains(t, stack.Severities, p.severity, p.name)
		assert.Regexp(t, "^Test"+p.subsystem+"[A-Z]", p.name)
		assert.LessOrEqual(t, len(p.name), longest, p.name)
		assert.True(t, strings.HasPrefix(p.file, strings.ToLower(p.subsystem)+"_"), "%s stands in %s", p.name, p.file)
	}
}

// A file name that ends in the name of a system or processor is left out of the
// build on all others, without a word.
func TestPageFilesAreBuiltEverywhere(t *testing.T) {
	for _, file := range sources(t, "smoke/*.go") {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.ImportsOnly)
		require.NoError(t, err)
		assert.NotContains(t, f.Comments, "//go:build")
		words := strings.Split(strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".go"), "_test"), "_")
		for _, system := range []string{"linux", "darwin", "windows", "js", "wasm", "plan9", "ios", "android", "arm", "arm64", "amd64", "386", "unix"} {
			assert.NotEqual(t, system, words[len(words)-1], file)
		}
	}
}

var remedy = regexp.MustCompile(`(?s)^(.+)\n\nWhen this is false, .+\n\nIf it fails:\n\n(\t.+)$`)

func TestPagesHaveADocCommentInThreeParts(t *testing.T) {
	for _, p := range pages(t) {
		m := remedy.FindStringSubmatch(strings.TrimRight(p.doc, "\n"))
		require.NotNil(t, m, "%s: want a claim, a paragraph \"When this is false, …\" and, under \"If it fails:\", commands", p.name)
		claim := m[1]
		assert.False(t, strings.HasPrefix(claim, "Test"), "%s: the claim is a sentence about the stack", p.name)
		assert.True(t, strings.HasSuffix(claim, "."), p.name)
		for command := range strings.SplitSeq(m[2], "\n") {
			assert.True(t, strings.HasPrefix(command, "\t"), "%s: %q", p.name, command)
		}
	}
}

var pageName = regexp.MustCompile(`"(Test(?:` + strings.Join(stack.Subsystems, "|") + `)[A-Z]\w*)"`)

func TestPagesThatAreReferredToExist(t *testing.T) {
	exists := map[string]bool{}
	for _, p := range pages(t) {
		exists[p.name] = true
	}
	for _, pattern := range []string{"fixtures/*.go", "internal/local/*.go"} {
		for _, file := range sources(t, pattern) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, m := range pageName.FindAllStringSubmatch(string(text), -1) {
				assert.True(t, exists[m[1]], "%s names %s", file, m[1])
			}
		}
	}
}

func TestReadmeListsEverySetting(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	for _, s := range stack.Settings {
		initial := "none"
		if s.Default != "" {
			initial = "`" + s.Default + "`"
		}
		assert.Contains(t, string(readme), "| `"+s.Name+"` | "+initial+" | "+s.Meaning+" |", strconv.Quote(s.Name))
	}
}
