package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The rules below are those of the readers, from what they publish:
// junit-10.xsd of Jenkins' xunit plugin and Surefire's and Ant's schemas, where
// they do not contradict each other; Jenkins' junit plugin for the properties
// of a testcase, which those schemas lack; GitLab's documentation of unit test
// reports; GitHub's limits on annotations.

const (
	gitlabBytes    = 30_000_000 // per file
	gitlabElements = 250_000    // per file
	githubMessage  = 65_535     // bytes of a message, and of the detail
)

// Readers built on ActiveSupport, GitLab's among them, convert or refuse an
// element whose attribute type is one of these.
var convertedTypes = []string{
	"array", "base64Binary", "boolean", "date", "dateTime", "datetime", "decimal", "double",
	"duration", "file", "float", "hexBinary", "integer", "string", "symbol", "yaml",
}

var (
	token     = regexp.MustCompile(`^\S+( \S+)*$`)
	oneLine   = regexp.MustCompile(`^[^\t\r\n]*$`)
	number    = regexp.MustCompile(`^[0-9]+$`)
	decimal   = regexp.MustCompile(`^[0-9]+\.[0-9]{3}$`)
	timestamp = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$`)
)

type rule struct {
	children *regexp.Regexp // of its children's names, in their order, each followed by a space
	attrs    map[string]*regexp.Regexp
	text     bool
}

var rules = map[string]rule{
	"testsuites": {
		children: regexp.MustCompile(`^(testsuite )+$`),
		attrs:    map[string]*regexp.Regexp{"name": oneLine, "time": decimal, "tests": number, "failures": number, "errors": number},
	},
	"testsuite": {
		children: regexp.MustCompile(`^(testcase )+$`),
		attrs: map[string]*regexp.Regexp{
			"name": token, "timestamp": timestamp, "time": decimal,
			"tests": number, "failures": number, "errors": number, "skipped": number,
		},
	},
	"testcase": {
		children: regexp.MustCompile(`^properties ((skipped |error |failure )|(system-out ))?$`),
		attrs:    map[string]*regexp.Regexp{"name": token, "classname": token, "time": decimal},
	},
	"properties": {children: regexp.MustCompile(`^(property )+$`)},
	"property":   {children: regexp.MustCompile(`^$`), attrs: map[string]*regexp.Regexp{"name": token, "value": oneLine}},
	"skipped":    {children: regexp.MustCompile(`^$`), attrs: map[string]*regexp.Regexp{"message": token}, text: true},
	"error":      {children: regexp.MustCompile(`^$`), attrs: map[string]*regexp.Regexp{"type": token, "message": token}, text: true},
	"failure":    {children: regexp.MustCompile(`^$`), attrs: map[string]*regexp.Regexp{"type": token, "message": token}, text: true},
	"system-out": {children: regexp.MustCompile(`^$`), text: true},
}

type element struct {
	name     string
	attrs    map[string]string
	text     string
	children []*element
}

func (e *element) all(name string) []*element {
	var found []*element
	for _, c := range e.children {
		if c.name == name {
			found = append(found, c)
		}
		found = append(found, c.all(name)...)
	}
	return found
}

func (e *element) property(name string) string {
	for _, p := range e.all("property") {
		if p.attrs["name"] == name {
			return p.attrs["value"]
		}
	}
	return ""
}

func (e *element) hasProperty(name string) bool {
	return slices.ContainsFunc(e.all("property"), func(p *element) bool { return p.attrs["name"] == name })
}

func (e *element) testcase(t testing.TB, name string) *element {
	t.Helper()
	for _, c := range e.all("testcase") {
		if c.attrs["name"] == name {
			return c
		}
	}
	require.Failf(t, "no such testcase", "%s", name)
	return nil
}

// conforming parses a JUnit file and holds it to the rules.
func conforming(t testing.TB, file []byte) *element {
	t.Helper()
	root := parse(t, file)
	require.Equal(t, "testsuites", root.name)
	require.Less(t, len(file), gitlabBytes)
	require.Less(t, hold(t, root), gitlabElements)
	holdNames(t, root)
	holdCounts(t, root)
	return root
}

func parse(t testing.TB, file []byte) *element {
	t.Helper()
	document := &element{}
	open := []*element{document}
	for d := xml.NewDecoder(bytes.NewReader(file)); ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err, "%s", file)
		top := open[len(open)-1]
		switch tok := tok.(type) {
		case xml.StartElement:
			e := &element{name: tok.Name.Local, attrs: map[string]string{}}
			for _, a := range tok.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			require.Len(t, e.attrs, len(tok.Attr), "attributes of %s repeat", e.name)
			top.children = append(top.children, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			top.text += string(tok)
		}
	}
	require.Len(t, document.children, 1)
	return document.children[0]
}

// hold returns the number of elements in e, itself included.
func hold(t testing.TB, e *element) int {
	t.Helper()
	r, known := rules[e.name]
	require.True(t, known, "element %s", e.name)
	require.Len(t, e.attrs, len(r.attrs), "attributes of %s", e.name)
	for name, pattern := range r.attrs {
		value, present := e.attrs[name]
		require.True(t, present, "%s lacks %s", e.name, name)
		require.Regexp(t, pattern, value, "%s/@%s", e.name, name)
	}
	require.LessOrEqual(t, len(e.attrs["message"]), githubMessage)
	require.LessOrEqual(t, len(e.text), githubMessage)
	require.NotContains(t, convertedTypes, e.attrs["type"])
	require.Equal(t, r.text, strings.TrimSpace(e.text) != "", "text of %s: %q", e.name, e.text)

	elements, children := 1, ""
	for _, c := range e.children {
		elements += hold(t, c)
		children += c.name + " "
	}
	require.Regexp(t, r.children, children, "children of %s", e.name)
	return elements
}

// holdNames: some readers drop the second of two testcases with one name.
func holdNames(t testing.TB, root *element) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range root.all("testcase") {
		id := c.attrs["classname"] + " " + c.attrs["name"]
		require.False(t, seen[id], "%s repeats", id)
		seen[id] = true
		for _, p := range []string{"severity", "subsystem", "verdict", "provider", "environment"} {
			require.True(t, c.hasProperty(p), "%s lacks property %s", id, p)
		}
	}
}

func holdCounts(t testing.TB, root *element) {
	t.Helper()
	counts := map[string]string{"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
	for _, e := range append(root.all("testsuite"), root) {
		for attr, name := range counts {
			if value, present := e.attrs[attr]; present {
				require.Equal(t, strconv.Itoa(len(e.all(name))), value, "%s/@%s", e.name, attr)
			}
		}
	}
}
