package awscloud

import (
	"context"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"runbook/internal/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// Deployment tools hand out either the identifier an operator knows or the
// resource id, which only a filter accepts.
var resourceID = regexp.MustCompile(`^db-[A-Z0-9]{20,}$`)

// Instance accepts a DB instance's identifier, its ARN, or its resource id
// (db-ABC…).
func (c *Client) Instance(ctx context.Context, id string) (cloud.Instance, error) {
	const action = "rds:DescribeDBInstances"
	in := &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(id)}
	if resourceID.MatchString(id) {
		in = &rds.DescribeDBInstancesInput{Filters: filter("dbi-resource-id", id)}
	}
	for pages := rds.NewDescribeDBInstancesPaginator(c.rds, in); pages.HasMorePages(); {
		page, err := ask(ctx, c, action, id, func(ctx context.Context) (*rds.DescribeDBInstancesOutput, error) {
			return pages.NextPage(ctx)
		})
		if err != nil {
			return cloud.Instance{}, err
		}
		if len(page.DBInstances) > 0 {
			return instance(page.DBInstances[0]), nil
		}
	}
	return cloud.Instance{}, &cloud.Error{Action: action, Subject: id, Kind: cloud.NotFound}
}

func filter(name, value string) []types.Filter {
	return []types.Filter{{Name: aws.String(name), Values: []string{value}}}
}

func instance(db types.DBInstance) cloud.Instance {
	i := cloud.Instance{
		ID:        aws.ToString(db.DBInstanceIdentifier),
		Cluster:   aws.ToString(db.DBClusterIdentifier),
		Engine:    aws.ToString(db.Engine),
		Class:     aws.ToString(db.DBInstanceClass),
		Status:    aws.ToString(db.DBInstanceStatus),
		State:     state(aws.ToString(db.DBInstanceStatus)),
		Reason:    reason(db.StatusInfos),
		Pending:   pending(db.PendingModifiedValues),
		Storage:   storage(db),
		CA:        aws.ToString(db.CACertificateIdentifier),
		LogExport: cloud.YesNo(slices.Contains(db.EnabledCloudwatchLogsExports, "postgresql")),
		ReplicaOf: aws.ToString(db.ReadReplicaSourceDBInstanceIdentifier),
		Replicas:  db.ReadReplicaDBInstanceIdentifiers,
	}
	if db.PubliclyAccessible != nil {
		i.Public = cloud.YesNo(*db.PubliclyAccessible)
	}
	if db.Endpoint != nil { // absent while it is being created
		i.Hosts = []string{aws.ToString(db.Endpoint.Address)}
		i.Port = int(aws.ToInt32(db.Endpoint.Port))
	}
	if db.CertificateDetails != nil {
		i.Expires = aws.ToTime(db.CertificateDetails.ValidTill)
	}
	for _, group := range db.VpcSecurityGroups {
		i.Groups = append(i.Groups, aws.ToString(group.VpcSecurityGroupId))
	}
	return i
}

func state(status string) cloud.State {
	switch status {
	case "available", "backing-up", "storage-optimization":
		return cloud.Up
	case "creating", "modifying", "upgrading", "rebooting", "maintenance", "renaming", "starting":
		return cloud.Changing
	case "stopped", "stopping", "failed", "storage-full", "restore-error", "deleting",
		"inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable":
		return cloud.Down
	}
	switch {
	case strings.HasPrefix(status, "configuring-"):
		return cloud.Up
	case strings.HasPrefix(status, "incompatible-"):
		return cloud.Down
	}
	return cloud.StateUnknown
}

func reason(infos []types.DBInstanceStatusInfo) string {
	var all []string
	for _, info := range infos {
		if aws.ToBool(info.Normal) {
			continue
		}
		said := strings.Join([]string{aws.ToString(info.StatusType), aws.ToString(info.Status), aws.ToString(info.Message)}, " ")
		all = append(all, strings.Join(strings.Fields(said), " "))
	}
	return strings.Join(all, "; ")
}

// pending names the settings that wait, whatever the SDK's version knows of;
// their values include a password.
func pending(values *types.PendingModifiedValues) []string {
	if values == nil {
		return nil
	}
	var names []string
	v := reflect.ValueOf(*values)
	for n := range v.NumField() {
		if field := v.Type().Field(n); field.IsExported() && !v.Field(n).IsZero() {
			names = append(names, field.Name)
		}
	}
	slices.Sort(names)
	return names
}

const gib = 1 << 30 // RDS counts storage in GiB

// storage of an Aurora instance is its cluster's, which grows by itself:
// AllocatedStorage is a meaningless 0 or 1 there.
func storage(db types.DBInstance) cloud.Storage {
	if strings.HasPrefix(aws.ToString(db.Engine), "aurora") {
		return cloud.Storage{Growth: cloud.Elastic}
	}
	s := cloud.Storage{Bytes: int64(aws.ToInt32(db.AllocatedStorage)) * gib, Growth: cloud.Fixed}
	if limit := int64(aws.ToInt32(db.MaxAllocatedStorage)) * gib; limit > 0 {
		s.Growth, s.Limit = cloud.Autoscaled, limit
	}
	return s
}
