//go:build tools

// Package provider pins the Terraform provider's Go module and its checksums.
package provider

import _ "github.com/terraform-providers/terraform-provider-cloudstack"
