//go:build unix

package servers

// descend returns pid and its descendants, parents first.
func descend(pid int, children map[int][]int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}
