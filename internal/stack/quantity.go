package stack

import (
	"math"
	"strconv"
	"strings"
)

// units are what a number in a setting may end in, and how much one is.
var units = map[string]int64{"%": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "": 1}

// Number returns a setting that holds a number: a plain one as it is, a share in
// percent, a size in bytes.
func (s *Stack) Number(name string) int64 {
	n, _, ok := number(s.Setting(name))
	if !ok {
		panic("stack: " + name + " does not hold a number")
	}
	return n
}

// number reads digits and a unit.
func number(value string) (n int64, unit string, ok bool) {
	digits := strings.TrimRight(value, "BKMGTi%")
	unit = value[len(digits):]
	n, err := strconv.ParseInt(digits, 10, 64)
	size, known := units[unit]
	if err != nil || !known || n < 0 || n > math.MaxInt64/size {
		return 0, "", false
	}
	return n * size, unit, true
}

func isCountOrNone(value string) bool {
	_, unit, ok := number(value)
	return ok && unit == ""
}

// isCount and those below take what is above zero only: nothing is no limit.
func isCount(value string) bool {
	n, unit, ok := number(value)
	return ok && unit == "" && n > 0
}

func isPercentage(value string) bool {
	n, unit, ok := number(value)
	return ok && unit == "%" && n > 0 && n <= 100
}

func isSize(value string) bool {
	n, unit, ok := number(value)
	return ok && strings.HasSuffix(unit, "B") && n > 0
}
