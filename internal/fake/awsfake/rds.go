package awsfake

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func callerIdentity(s State, _ input) (any, error) {
	return struct{ Arn, UserId, Account string }{s.Principal, "AIDASTANDIN", s.Account}, nil
}

func (s State) arn(kind, name string) string {
	return fmt.Sprintf("arn:aws:rds:%s:%s:%s:%s", s.Region, s.Account, kind, name)
}

// listing is what RDS's Describe calls have in common.
type listing struct {
	Marker     string
	MaxRecords number
	Filters    struct {
		Filter []struct {
			Name   string
			Values struct{ Value []string }
		}
	}
}

func (l listing) page(s State) (token string, size int, err error) {
	const least, most = 20, 100
	if l.MaxRecords != 0 && (l.MaxRecords < least || l.MaxRecords > most) {
		return "", 0, invalid("Invalid value %d for MaxRecords. Must be between %d and %d", l.MaxRecords, least, most)
	}
	return l.Marker, s.pageSize(l.MaxRecords), nil
}

func (s State) instance(id string) (Instance, error) {
	n := slices.IndexFunc(s.Instances, func(i Instance) bool {
		return strings.EqualFold(i.ID, id) || s.arn("db", i.ID) == id
	})
	if n < 0 {
		return Instance{}, fault{http.StatusNotFound, "DBInstanceNotFound", "DBInstance " + id + " not found."}
	}
	return s.Instances[n], nil
}

type dbInstance struct {
	DBInstanceIdentifier, DBInstanceClass, Engine, EngineVersion, DBInstanceStatus, DBInstanceArn, DbiResourceId string

	DBClusterIdentifier string `xml:",omitempty"`
	Endpoint            *struct {
		Address string
		Port    int
	}
	MasterUsername        string
	AllocatedStorage      int
	MaxAllocatedStorage   int `xml:",omitempty"`
	PubliclyAccessible    bool
	StatusInfos           []StatusInfo       `xml:"StatusInfos>DBInstanceStatusInfo"`
	VpcSecurityGroups     []vpcSecurityGroup `xml:"VpcSecurityGroups>VpcSecurityGroupMembership"`
	PendingModifiedValues struct {
		DBInstanceClass, MasterUserPassword string `xml:",omitempty"`
	}
	CACertificateIdentifier               string
	CertificateDetails                    *certificate
	EnabledCloudwatchLogsExports          []string `xml:"EnabledCloudwatchLogsExports>member"`
	ReadReplicaSourceDBInstanceIdentifier string   `xml:",omitempty"`
	ReadReplicaDBInstanceIdentifiers      []string `xml:"ReadReplicaDBInstanceIdentifiers>ReadReplicaDBInstanceIdentifier"`
}

type vpcSecurityGroup struct{ VpcSecurityGroupId, Status string }

type certificate struct {
	CAIdentifier string
	ValidTill    time.Time
}

func (s State) describe(i Instance) dbInstance {
	d := dbInstance{
		DBInstanceIdentifier: i.ID, DBInstanceClass: i.Class, Engine: i.Engine, EngineVersion: i.Version,
		DBInstanceStatus: i.Status, DBInstanceArn: s.arn("db", i.ID), DbiResourceId: i.ResourceID,
		DBClusterIdentifier: i.Cluster, MasterUsername: "master",
		AllocatedStorage: i.AllocatedGiB, MaxAllocatedStorage: i.MaxAllocatedGiB,
		PubliclyAccessible: i.Public, StatusInfos: i.StatusInfos,
		CACertificateIdentifier: i.CA, EnabledCloudwatchLogsExports: i.LogExports,
		ReadReplicaSourceDBInstanceIdentifier: i.ReplicaOf, ReadReplicaDBInstanceIdentifiers: i.Replicas,
	}
	if i.Address != "" {
		d.Endpoint = &struct {
			Address string
			Port    int
		}{i.Address, i.Port}
	}
	if !i.CertificateExpires.IsZero() {
		d.CertificateDetails = &certificate{i.CA, i.CertificateExpires}
	}
	for _, group := range i.SecurityGroups {
		d.VpcSecurityGroups = append(d.VpcSecurityGroups, vpcSecurityGroup{group, "active"})
	}
	d.PendingModifiedValues.DBInstanceClass = i.PendingClass
	if i.PendingPassword {
		d.PendingModifiedValues.MasterUserPassword = "****"
	}
	return d
}

func describeDBInstances(s State, in input) (any, error) {
	var asked struct {
		listing
		DBInstanceIdentifier string
	}
	if err := in.into(&asked); err != nil {
		return nil, err
	}
	found := s.Instances
	if id := asked.DBInstanceIdentifier; id != "" {
		instance, err := s.instance(id)
		if err != nil {
			return nil, err
		}
		found = []Instance{instance}
	}
	for _, filter := range asked.Filters.Filter {
		of := map[string]func(Instance) string{
			"db-instance-id":  func(i Instance) string { return i.ID },
			"dbi-resource-id": func(i Instance) string { return i.ResourceID },
			"db-cluster-id":   func(i Instance) string { return i.Cluster },
			"engine":          func(i Instance) string { return i.Engine },
		}[filter.Name]
		if of == nil {
			return nil, invalid("Unrecognized filter name: %s", filter.Name)
		}
		found = slices.DeleteFunc(slices.Clone(found), func(i Instance) bool {
			return !slices.Contains(filter.Values.Value, of(i))
		})
	}
	token, size, err := asked.page(s)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(found, token, size)
	out := struct {
		DBInstances []dbInstance `xml:"DBInstances>DBInstance"`
		Marker      string       `xml:",omitempty"`
	}{Marker: next}
	for _, i := range page {
		out.DBInstances = append(out.DBInstances, s.describe(i))
	}
	return out, err
}

func describeDBLogFiles(s State, in input) (any, error) {
	var asked struct {
		listing
		DBInstanceIdentifier, FilenameContains string
		FileLastWritten                        number // milliseconds
	}
	if err := in.into(&asked); err != nil {
		return nil, err
	}
	instance, err := s.instance(asked.DBInstanceIdentifier)
	if err != nil {
		return nil, err
	}
	type details struct {
		LogFileName       string
		LastWritten, Size int64
	}
	var files []details
	for _, file := range instance.LogFiles {
		if strings.Contains(file.Name, asked.FilenameContains) && file.LastWritten.UnixMilli() >= int64(asked.FileLastWritten) {
			files = append(files, details{file.Name, file.LastWritten.UnixMilli(), int64(len(file.Text))})
		}
	}
	token, size, err := asked.page(s)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(files, token, size)
	return struct {
		Files  []details `xml:"DescribeDBLogFiles>DescribeDBLogFilesDetails"`
		Marker string    `xml:",omitempty"`
	}{page, next}, err
}

var marker = regexp.MustCompile(`^(?:0|\d+:(\d+))$`)

// downloadDBLogFilePortion hands out the end of the file to who names no
// marker. Every answer names one, also when nothing follows.
func downloadDBLogFilePortion(s State, in input) (any, error) {
	var asked struct {
		DBInstanceIdentifier, LogFileName, Marker string
		NumberOfLines                             number
	}
	if err := in.into(&asked); err != nil {
		return nil, err
	}
	instance, err := s.instance(asked.DBInstanceIdentifier)
	if err != nil {
		return nil, err
	}
	n := slices.IndexFunc(instance.LogFiles, func(f LogFile) bool { return f.Name == asked.LogFileName })
	if n < 0 {
		return nil, fault{http.StatusNotFound, "DBLogFileNotFoundFault", "DBLog File: " + asked.LogFileName + ", is not found on the DB instance"}
	}
	lines := slices.Collect(strings.Lines(instance.LogFiles[n].Text))
	most := int(asked.NumberOfLines)
	if most == 0 {
		most = 10_000
	}
	from := max(0, len(lines)-most)
	if asked.Marker != "" {
		at := marker.FindStringSubmatch(asked.Marker)
		if at == nil {
			return nil, invalid("Invalid Marker: %s", asked.Marker)
		}
		from, _ = strconv.Atoi("0" + at[1])
	}
	to := min(len(lines), min(from, len(lines))+s.pageSize(number(most)))
	return struct {
		LogFileData           string
		Marker                string
		AdditionalDataPending bool
	}{strings.Join(lines[min(from, to):to], ""), fmt.Sprintf("18:%d", to), to < len(lines)}, nil
}
