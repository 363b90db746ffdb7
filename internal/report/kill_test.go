package report

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// reportTo makes the test binary a process that reports as fast as it can.
const reportTo = "REPORT_TO"

func TestMain(m *testing.M) {
	if dir := os.Getenv(reportTo); dir != "" {
		reportForever(dir)
	}
	os.Exit(m.Run())
}

// reportForever says on standard output what it is about to do and has done.
func reportForever(dir string) {
	j, err := Open(dir, Run{Environment: "prod"}, nil)
	check(err)
	text := strings.Repeat("a line of evidence\n", 200) // a long write is likelier to be hit
	var workers sync.WaitGroup
	for w := range 4 {
		workers.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("Test%dx%d", w, i)
				h, err := j.Begin(Page{Name: name, Subsystem: subsystems[w], Severity: "P0"})
				check(err)
				fmt.Println("begun", name)
				fmt.Println("ending", name)
				check(j.End(h, Page{Verdict: Degraded, Text: text}))
				fmt.Println("ended", name)
			}
		})
	}
	workers.Wait()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func TestAKillLeavesATrueReport(t *testing.T) {
	if testing.Short() {
		t.Skip("starts 20 processes")
	}
	for range 20 {
		dir := t.TempDir()
		said := killedWhileReporting(t, dir)

		root, r := onDisk(t, dir)

		require.False(t, r.Finished)
		require.Equal(t, "did-not-finish", root.testcase(t, "Run").all("error")[0].attrs["type"])
		for name, last := range said {
			errors := root.testcase(t, name).all("error")
			switch last {
			case "begun":
				require.Len(t, errors, 1, name)
				require.Equal(t, "did-not-finish", errors[0].attrs["type"])
			case "ended":
				require.Empty(t, errors, name)
			}
		}
	}
}

// killedWhileReporting returns the last word of each page that had begun.
func killedWhileReporting(t *testing.T, dir string) map[string]string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), reportTo+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())

	said := map[string]string{}
	killAt := 1 + rand.IntN(40)
	lines := bufio.NewScanner(out)
	for n := 1; lines.Scan(); n++ {
		word, name, _ := strings.Cut(lines.Text(), " ")
		said[name] = word
		if n == killAt {
			// Off the beat of what was just said: somewhere in the next few writes.
			time.AfterFunc(rand.N(2*time.Millisecond), func() { _ = cmd.Process.Kill() })
		}
	}
	require.EqualError(t, cmd.Wait(), "signal: killed")
	return said
}
