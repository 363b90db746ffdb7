package postgres

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestMaskedShowsNoData(t *testing.T) {
	for query, want := range map[string]string{
		"":         "",
		"SELECT 1": "SELECT ?",
		"SELECT * FROM t1 WHERE a=42 AND b = 1.5e10 OR c=.5":   "SELECT * FROM t1 WHERE a=? AND b = ? OR c=?",
		"SELECT 'it''s' || 'x'":                                "SELECT '…' || '…'",
		`SELECT E'it\'s secret', e'a' FROM type WHERE x = 'b'`: "SELECT '…', '…' FROM type WHERE x = '…'",
		`SELECT 'C:\', secret FROM t`:                          "SELECT '…', secret FROM t",
		"SELECT date'2026-01-01', U&'d', x'1F'":                "SELECT date'…', U&'…', x'…'",
		`SELECT "col 1", "a""2" FROM "T'3"`:                    `SELECT "col 1", "a""2" FROM "T'3"`,
		"SELECT $1, $2::int, a$1 FROM t":                       "SELECT $1, $2::int, a$1 FROM t",
		"DO $$ BEGIN RAISE 'secret'; END $$; SELECT 2":         "DO '…'; SELECT ?",
		"SELECT $tag$ it's $$ secret $tag$ || 'b'":             "SELECT '…' || '…'",
		"SELECT $tag$ cut off secret":                          "SELECT '…'",
		"SELECT 'cut off secret":                               "SELECT '…'",
		"SELECT 1 -- secret\n  FROM t /* user=7 */ WHERE x":    "SELECT ? FROM t WHERE x",
		"SELECT /* cut off secret":                             "SELECT",
		"ALTER ROLE app PASSWORD 'secret'":                     "ALTER ROLE app PASSWORD '…'",
		"SELECT größe2, 1_000, 0xFF FROM straße":               "SELECT größe2, ?, ? FROM straße",
		"SELECT \xff": "SELECT ?",
	} {
		assert.Equal(t, want, masked(query), query)
	}
}

func TestMaskedIsBounded(t *testing.T) {
	text := masked("SELECT " + strings.Repeat("ß", 1000))
	assert.LessOrEqual(t, len(text), longestText+len("…"))
	assert.True(t, strings.HasSuffix(text, "ß…"))
}

func FuzzMasked(f *testing.F) {
	f.Add("SELECT $a$ ' $a$, E'\\'' /* */ -- x")
	f.Fuzz(func(t *testing.T, query string) {
		text := masked(query)
		assert.True(t, utf8.ValidString(text))
		assert.LessOrEqual(t, len(text), longestText+len("…"))
	})
}

// Whatever stands in a literal stays there, quotes and dollars included.
func FuzzMaskedLiteral(f *testing.F) {
	f.Add(`it's $$ a \ secret`)
	f.Fuzz(func(t *testing.T, data string) {
		literal := "'" + strings.ReplaceAll(data, "'", "''") + "'"
		assert.Equal(t, "SELECT '…' FROM t", masked("SELECT "+literal+" FROM t"))
	})
}
