package main

// generator is the linear congruential generator of "Numerical Recipes", whose numbers are easily the same in every language. A guest that
// needs no twin in another language takes the reporter's generator.
type generator struct{ state uint32 }

func newGenerator(seed uint64) *generator {
	return &generator{state: uint32(seed)}
}

// next gives the next number, of 24 bits: the lowest bits of the state repeat too soon.
func (generator *generator) next() uint32 {
	generator.state = generator.state*1664525 + 1013904223
	return generator.state >> 8
}

// shuffle puts examples in random order, in place: Fisher and Yates's shuffle, from the last one.
func (generator *generator) shuffle(examples []example) {
	for last := len(examples) - 1; last > 0; last-- {
		other := generator.next() % uint32(last+1)
		examples[last], examples[other] = examples[other], examples[last]
	}
}
