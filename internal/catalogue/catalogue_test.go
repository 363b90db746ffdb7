package catalogue_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runbook/internal/catalogue"
	"runbook/internal/stack"
)

const source = `package smoke

// The API answers
// a | b.
//
// When this is false, nothing works.
//
//runbook:diagnose-api.sh Health Check
func TestAPIAnswers(t *testing.T) {
	d := diag.Begin(t, diag.API, diag.P1, diag.Within(1))
}

func TestAPIUntagged(t *testing.T) {}

func TestMain(m *testing.M) { diag.Main(m) }

func helper() {}
`

func TestPagesAreReadFromTheirSource(t *testing.T) {
	pages, err := catalogue.Read(fstest.MapFS{"api_test.go": {Data: []byte(source)}, "doc.go": {Data: []byte("package smoke")}})
	require.NoError(t, err)
	require.Len(t, pages, 2)
	assert.Equal(t, "TestAPIAnswers", pages[0].Name)
	assert.Equal(t, "API", pages[0].Subsystem)
	assert.Equal(t, "P1", pages[0].Severity)
	assert.Equal(t, "The API answers a | b.", pages[0].Claim())
	assert.Empty(t, pages[1].Severity)
	assert.Equal(t, "| page | severity | claims | in the runbook on paper |\n|---|---|---|---|\n| `TestAPIAnswers` | P1 | The API answers a \\| b. | diagnose-api.sh Health Check |\n", catalogue.Pages(pages[:1]))
}

func TestSourceThatDoesNotParseIsAnError(t *testing.T) {
	_, err := catalogue.Read(fstest.MapFS{"api_test.go": {Data: []byte("package")}})
	assert.Error(t, err)
}

func TestSettingsAreATable(t *testing.T) {
	table := catalogue.Settings([]stack.Setting{{Name: "A", Default: "1s", Meaning: "first"}, {Name: "B", Meaning: "second"}})
	assert.Equal(t, "| setting | default | meaning |\n|---|---|---|\n| `A` | `1s` | first |\n| `B` | none | second |\n", table)
}
