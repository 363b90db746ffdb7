package arch

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runbook/internal/catalogue"
	"runbook/internal/stack"
)

func pages(t *testing.T) []catalogue.Page {
	t.Helper()
	found, err := catalogue.Read(os.DirFS(filepath.Join(root, "smoke")))
	require.NoError(t, err)
	require.NotEmpty(t, found)
	return found
}

func TestPagesAreTaggedAndNamedAlike(t *testing.T) {
	const longest = 45 // a column of a dashboard
	for _, p := range pages(t) {
		assert.Contains(t, stack.Subsystems, p.Subsystem, "%s must begin with diag.Begin(t, diag.<Subsystem>, diag.<Severity>)", p.Name)
		assert.Contains(t, stack.Severities, p.Severity, p.Name)
		assert.Regexp(t, "^Test"+p.Subsystem+"[A-Z]", p.Name)
		assert.LessOrEqual(t, len(p.Name), longest, p.Name)
		assert.True(t, strings.HasPrefix(p.File, strings.ToLower(p.Subsystem)+"_"), "%s stands in %s", p.Name, p.File)
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
		m := remedy.FindStringSubmatch(strings.TrimRight(p.Doc, "\n"))
		require.NotNil(t, m, "%s: want a claim, a paragraph \"When this is false, …\" and, under \"If it fails:\", commands", p.Name)
		claim := m[1]
		assert.False(t, strings.HasPrefix(claim, "Test"), "%s: the claim is a sentence about the stack", p.Name)
		assert.True(t, strings.HasSuffix(claim, "."), p.Name)
		for command := range strings.SplitSeq(m[2], "\n") {
			assert.True(t, strings.HasPrefix(command, "\t"), "%s: %q", p.Name, command)
		}
	}
}

var pageName = regexp.MustCompile(`"(Test(?:` + strings.Join(stack.Subsystems, "|") + `)[A-Z]\w*)"`)

func TestPagesThatAreReferredToExist(t *testing.T) {
	exists := map[string]bool{}
	for _, p := range pages(t) {
		exists[p.Name] = true
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

func TestReadmeListsPagesAndSettings(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	for _, table := range []string{catalogue.Pages(pages(t)), catalogue.Settings(stack.Settings)} {
		assert.Contains(t, string(readme), table, "make catalogue prints what belongs there")
	}
}
