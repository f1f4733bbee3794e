//go:build race

package main

// raceDetector tells that the tests are several times as slow.
const raceDetector = true
