// Package secret keeps passwords, tokens and keys out of everything a run
// prints or writes. Text holds one and prints as stars; Redactor takes the known
// ones out of text that others made: errors, log lines, a panic's trace.
//
// It does not guess: what no caller named as secret passes unchanged.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Mask stands wherever a secret was.
const Mask = "***"

// Text is a string that must not be read by people. It prints as Mask under
// every verb of fmt, in JSON, as text and in slog. Its zero value is the empty
// string.
type Text struct {
	// A pointer, since fmt cannot call the methods of an unexported field: inside
	// somebody's struct it prints an address instead of the value.
	value *string
}

// New wraps a secret.
func New(value string) Text { return Text{value: &value} }

// Reveal returns the secret itself, for the one place that has to send it.
func (t Text) Reveal() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// Format writes Mask, whatever the verb and flags.
func (Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Mask) }

// MarshalText returns Mask; encoding/json and encoding/xml use it as well.
func (Text) MarshalText() ([]byte, error) { return []byte(Mask), nil }

// LogValue returns Mask.
func (Text) LogValue() slog.Value { return slog.StringValue(Mask) }
