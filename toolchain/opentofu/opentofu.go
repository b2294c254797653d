//go:build tools

// Package opentofu pins OpenTofu's Go module and its checksums.
package opentofu

import _ "github.com/opentofu/opentofu/cmd/tofu"
