package gcpfake

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// record is what a filter is held against: values by field name.
type record map[string]string

// match tells whether a record passes a filter.
type match func(record) bool

var token = regexp.MustCompile(`^\s*("(?:[^"\\]|\\.)*"|!=|>=|<=|=~|!~|[()=<>:]|[^\s()=<>:!"]+)`)

// severities are those of Cloud Logging, in order.
var severities = []string{"DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"}

// parser reads the part of Google's filter languages in which this package
// understands every word: comparisons of known fields, joined by AND or by OR,
// in parentheses where both occur. Everything else is an error.
type parser struct {
	rest  string
	known func(field string) bool
}

// parseFilter compiles a filter over the known fields. An empty one matches
// everything.
func parseFilter(filter string, known func(string) bool) (match, error) {
	p := &parser{rest: filter, known: known}
	if strings.TrimSpace(filter) == "" {
		return func(record) bool { return true }, nil
	}
	m, err := p.expression()
	if err != nil {
		return nil, fmt.Errorf("unparseable filter: %w", err)
	}
	if p.rest = strings.TrimSpace(p.rest); p.rest != "" {
		return nil, fmt.Errorf("unparseable filter: syntax error at %q", p.rest)
	}
	return m, nil
}

func (p *parser) peek() string {
	m := token.FindStringSubmatch(p.rest)
	if m == nil {
		return ""
	}
	return m[1]
}

func (p *parser) next() string {
	m := token.FindStringSubmatch(p.rest)
	if m == nil {
		return ""
	}
	p.rest = p.rest[len(m[0]):]
	return m[1]
}

// expression reads operands joined by one and the same operator.
func (p *parser) expression() (match, error) {
	first, err := p.operand()
	if err != nil {
		return nil, err
	}
	operands, operator := []match{first}, p.peek()
	if operator != "AND" && operator != "OR" {
		return first, nil
	}
	for p.peek() == operator {
		p.next()
		m, err := p.operand()
		if err != nil {
			return nil, err
		}
		operands = append(operands, m)
	}
	if operator == "AND" {
		return func(r record) bool {
			return !slices.ContainsFunc(operands, func(m match) bool { return !m(r) })
		}, nil
	}
	return func(r record) bool {
		return slices.ContainsFunc(operands, func(m match) bool { return m(r) })
	}, nil
}

func (p *parser) operand() (match, error) {
	if p.peek() != "(" {
		return p.comparison()
	}
	p.next()
	m, err := p.expression()
	if err != nil {
		return nil, err
	}
	if t := p.next(); t != ")" {
		return nil, fmt.Errorf("syntax error, token %q where a closing parenthesis is missing", t)
	}
	return m, nil
}

func (p *parser) comparison() (match, error) {
	field, operator, value := p.next(), p.next(), p.next()
	if !p.known(field) {
		return nil, fmt.Errorf("field not found: %q", field)
	}
	if strings.HasPrefix(value, `"`) {
		unquoted, err := strconv.Unquote(value)
		if err != nil {
			return nil, fmt.Errorf("invalid string %s", value)
		}
		value = unquoted
	} else if value == "" || strings.Contains("()=<>:", value) {
		return nil, fmt.Errorf("syntax error, token %q where a value is missing", value)
	}
	return compare(field, operator, value)
}

// compare orders timestamps, severities and numbers; other fields are text,
// which is equal, different, contained or matched by a regular expression. A
// field that is absent compares to nothing.
func compare(field, operator, value string) (match, error) {
	switch field {
	case "timestamp":
		want, err := time.Parse(time.RFC3339Nano, value)
		if err != nil {
			return nil, fmt.Errorf("invalid timestamp %q", value)
		}
		return ordered(operator, func(r record) int {
			got, _ := time.Parse(time.RFC3339Nano, r[field])
			return got.Compare(want)
		})
	case "severity":
		want := slices.Index(severities, value)
		if want < 0 {
			return nil, fmt.Errorf("invalid severity %q", value)
		}
		return ordered(operator, func(r record) int { return slices.Index(severities, r[field]) - want })
	case "httpRequest.status":
		want, err := strconv.Atoi(value)
		if err != nil {
			return nil, fmt.Errorf("invalid number %q", value)
		}
		m, err := ordered(operator, func(r record) int {
			got, _ := strconv.Atoi(r[field])
			return got - want
		})
		return m.where(field), err
	}
	m, err := text(field, operator, value)
	return m.where(field), err
}

// where leaves out records without a field.
func (m match) where(field string) match {
	return func(r record) bool {
		_, ok := r[field]
		return ok && m(r)
	}
}

func text(field, operator, value string) (match, error) {
	switch operator {
	case "=":
		return func(r record) bool { return r[field] == value }, nil
	case "!=":
		return func(r record) bool { return r[field] != value }, nil
	case ":":
		return func(r record) bool { return strings.Contains(strings.ToLower(r[field]), strings.ToLower(value)) }, nil
	case "=~":
		pattern, err := regexp.Compile(value)
		if err != nil {
			return nil, fmt.Errorf("invalid regular expression %q", value)
		}
		return func(r record) bool { return pattern.MatchString(r[field]) }, nil
	}
	return nil, fmt.Errorf("operator %q is not supported for %s", operator, field)
}

func ordered(operator string, order func(record) int) (match, error) {
	holds, ok := map[string]func(int) bool{
		"=":  func(n int) bool { return n == 0 },
		"!=": func(n int) bool { return n != 0 },
		">":  func(n int) bool { return n > 0 },
		">=": func(n int) bool { return n >= 0 },
		"<":  func(n int) bool { return n < 0 },
		"<=": func(n int) bool { return n <= 0 },
	}[operator]
	if !ok {
		return nil, fmt.Errorf("operator %q does not order", operator)
	}
	return func(r record) bool { return holds(order(r)) }, nil
}
