// Package catalogue reads the pages of the runbook from their own source: what each
// claims, how it is tagged and what to do when it fails. It runs none of them.
package catalogue

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strings"
)

// A Page is a test that asks one question.
type Page struct {
	Name, File          string
	Subsystem, Severity string // as given to diag.Begin; "" where the first statement is another
	Doc                 string // the doc comment as go/ast prints it
	Runbook             string // what of the runbook on paper the page took the place of; "" for what that forgot
}

// Claim is the first paragraph of the doc comment, on one line.
func (p Page) Claim() string {
	claim, _, _ := strings.Cut(p.Doc, "\n\n")
	return strings.Join(strings.Fields(claim), " ")
}

// Read returns the exported tests in the *_test.go files of a folder, in the order of
// their files, without TestMain.
func Read(folder fs.FS) ([]Page, error) {
	files, err := fs.Glob(folder, "*_test.go")
	if err != nil {
		return nil, err
	}
	var pages []Page
	for _, file := range files {
		source, err := fs.ReadFile(folder, file)
		if err != nil {
			return nil, err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, declaration := range tree.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Test") && f.Name.Name != "TestMain" {
				subsystem, severity := tags(f)
				pages = append(pages, Page{Name: f.Name.Name, File: file, Subsystem: subsystem, Severity: severity, Doc: f.Doc.Text(), Runbook: runbook(f.Doc)})
			}
		}
	}
	return pages, nil
}

// runbook reads the directive //runbook:SCRIPT CHECK at the end of a doc comment.
func runbook(doc *ast.CommentGroup) string {
	if doc == nil {
		return ""
	}
	for _, line := range doc.List {
		if check, ok := strings.CutPrefix(line.Text, "//runbook:"); ok {
			return check
		}
	}
	return ""
}

// tags reads d := diag.Begin(t, diag.Database, diag.P0).
func tags(f *ast.FuncDecl) (subsystem, severity string) {
	if len(f.Body.List) == 0 {
		return "", ""
	}
	assign, ok := f.Body.List[0].(*ast.AssignStmt)
	if !ok {
		return "", ""
	}
	call, ok := assign.Rhs[0].(*ast.CallExpr)
	if !ok || len(call.Args) < 3 || ofDiag(call.Fun) != "Begin" {
		return "", ""
	}
	return ofDiag(call.Args[1]), ofDiag(call.Args[2])
}

// ofDiag returns Name of an expression diag.Name.
func ofDiag(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		if x, ok := s.X.(*ast.Ident); ok && x.Name == "diag" {
			return s.Sel.Name
		}
	}
	return ""
}
