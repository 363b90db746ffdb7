package postgres

import (
	"fmt"
	"slices"

	"runbook/internal/probe"
)

// progress is the order in which a connection passes the stages.
var progress = []probe.Stage{
	probe.StageResolve, probe.StageConnect, probe.StageTLS, probe.StageCertificate, probe.StageExpiry,
	probe.StageAnswer, StageStarting, StageSlots, StageAuthentication,
}

// furthest makes one error of several attempts at subject, of which there is at
// least one: all that was said, each once, at the stage of the one that got
// furthest.
func furthest(subject string, failed []*probe.Error) *probe.Error {
	failed = slices.CompactFunc(failed, func(a, b *probe.Error) bool { return a.Error() == b.Error() })
	if len(failed) == 1 {
		return failed[0]
	}
	all := &probe.Error{Subject: subject}
	for _, f := range failed {
		if slices.Index(progress, f.Stage) > slices.Index(progress, all.Stage) {
			all.Stage = f.Stage
		}
		said := fmt.Errorf("%s: %w", f.Stage, f.Err)
		if f.Subject != subject {
			said = fmt.Errorf("%s: %w", f.Subject, said)
		}
		if all.Err == nil {
			all.Err = said
		} else {
			all.Err = fmt.Errorf("%w; %w", all.Err, said)
		}
	}
	return all
}
