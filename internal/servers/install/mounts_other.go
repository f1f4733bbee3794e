//go:build !linux

package main

// detach has nothing to do where nothing is bootstrapped.
func detach(string) error { return nil }
