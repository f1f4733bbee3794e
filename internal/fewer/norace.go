//go:build !race

package fewer

const raceDetector = false
