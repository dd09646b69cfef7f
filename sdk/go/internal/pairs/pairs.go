// Package pairs reads lists in which names and values stand by turns, as in log/slog.
package pairs

import "fmt"

// Split gives the names and the values of a list for the function called what. It panics if the list is none of this kind, or if a name
// stands there twice.
func Split(what string, list []any) ([]string, []any) {
	names := make([]string, 0, len(list)/2)
	values := make([]any, 0, len(list)/2)
	known := make(map[string]bool, len(list)/2)
	for index := 0; index < len(list); index += 2 {
		name, isText := list[index].(string)
		if !isText {
			panic(fmt.Sprintf("%s: there is %v where a name should stand; names and values take turns", what, list[index]))
		}
		if index+1 == len(list) {
			panic(fmt.Sprintf("%s: `%s` has no value", what, name))
		}
		if known[name] {
			panic(fmt.Sprintf("%s: `%s` stands there twice", what, name))
		}
		known[name] = true
		names = append(names, name)
		values = append(values, list[index+1])
	}
	return names, values
}
