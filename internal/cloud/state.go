package cloud

import "strconv"

// State sorts the provider's words for the condition of a thing. The zero State
// is StateUnknown: a word that is not known is not Up.
type State uint8

const (
	StateUnknown State = iota
	Up                 // serves
	Changing           // on its way to another state: too early to judge
	Down               // does not serve, and will not without someone's help
	Idle               // put away for want of requests; the next one may fail while it is brought back
)

func (s State) String() string {
	switch s {
	case Up:
		return "up"
	case Changing:
		return "changing"
	case Down:
		return "down"
	case Idle:
		return "idle"
	}
	return "unknown"
}

// MarshalText writes what String returns.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Condition is a State in the provider's own words.
type Condition struct {
	State  State
	Status string // "Active", "Ready CONDITION_FAILED"
	Reason string // why, where the provider says; one line
}

// Limit is a number that something may not pass. The zero Limit is not known.
type Limit struct {
	Set   Answer  // Yes: Value holds. No: it has no limit of its own.
	Value float64 // 0 = nothing is let through
}

// AtMost is the Limit of a provider that did name one.
func AtMost(value float64) Limit { return Limit{Yes, value} }

// Unlimited is a Limit that is known not to be set.
var Unlimited = Limit{Set: No}

// Closed reports whether the limit lets nothing through.
func (l Limit) Closed() bool { return l.Set == Yes && l.Value == 0 }

func (l Limit) String() string {
	switch l.Set {
	case Yes:
		return strconv.FormatFloat(l.Value, 'f', -1, 64)
	case No:
		return "none"
	}
	return "unknown"
}

// MarshalText writes what String returns.
func (l Limit) MarshalText() ([]byte, error) { return []byte(l.String()), nil }
