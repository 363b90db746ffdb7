module runbook

go 1.26
