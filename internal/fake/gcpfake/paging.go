package gcpfake

import (
	"encoding/base64"
	"fmt"
)

// paging is how list answers are cut.
type paging struct {
	size  int  // items on a page at most, 0 for what the caller asks
	empty bool // an empty page with a token before each page that holds something
}

// Page cuts list answers into pages of at most size items, whatever the caller
// asks. With empty, a page that holds nothing but the token of the next goes
// before each of them, as Google may answer while it is still looking.
func (c *Cloud) Page(size int, empty bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.page = paging{size: size, empty: empty}
}

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
func (p paging) slice(token string, asked, total int) (from, to int, next string, err error) {
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
	if p.empty && !k.begun {
		return k.from, k.from, cursor{from: k.from, begun: true}.token(), nil
	}
	size := asked
	if p.size > 0 {
		size = min(size, p.size)
	}
	to = min(k.from+size, total)
	if to < total {
		next = cursor{from: to}.token()
	}
	return min(k.from, to), to, next, nil
}
