package gcpfake

import (
	"encoding/base64"
	"fmt"
)

// cursor is what a page token stands for.
type cursor struct {
	from  int
	begun bool // the empty page before it was served
}

func (k cursor) token() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %t", k.from, k.begun))
}

// slice returns the bounds of the page that token names among total items, and
// the token of the next, "" after the last.
func (s State) slice(token string, asked, total int) (from, to int, next string, err error) {
	var k cursor
	if token != "" {
		text, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return 0, 0, "", invalidArgument("page_token is not valid")
		}
		if _, err := fmt.Sscanf(string(text), "%d %t", &k.from, &k.begun); err != nil {
			return 0, 0, "", invalidArgument("page_token is not valid")
		}
	}
	if s.EmptyPages && !k.begun {
		return k.from, k.from, cursor{from: k.from, begun: true}.token(), nil
	}
	size := asked
	if s.PageSize > 0 {
		size = min(size, s.PageSize)
	}
	to = min(k.from+size, total)
	if to < total {
		next = cursor{from: to}.token()
	}
	return min(k.from, to), to, next, nil
}
