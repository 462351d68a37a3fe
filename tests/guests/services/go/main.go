// Uses all that the packages for Spin's interfaces offer. The guests beside it print the same lines.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/keyvalue"
	"github.com/ogghead/spin-trigger-kinesis/sdk/go/outbound"
	"github.com/ogghead/spin-trigger-kinesis/sdk/go/stream"
	"github.com/ogghead/spin-trigger-kinesis/sdk/go/variables"
)

func init() { stream.Handle(handle) }

func main() {}

func handle(stream.Context, []stream.Record) (stream.Result, error) {
	if err := useStore(); err != nil {
		fmt.Println("failed:", err)
	}
	fmt.Println("greeting:", shown(variables.Get("greeting")))
	_, err := variables.Get("nobodys")
	if errors.Is(err, variables.ErrUndefined) {
		fmt.Println("undefined: undefined")
	}
	_, err = variables.Get("A B")
	fmt.Println("named badly:", fmt.Sprint(err)[:12])
	server, _ := variables.Get("server")
	send("reply", outbound.Request{Method: outbound.Patch, URL: server + "/a?b",
		Headers: []outbound.Header{{Name: "x-key", Value: "ada"}, {Name: "x-other", Value: "-"}}, Body: []byte("one order")})
	send("empty reply", outbound.Request{URL: server})
	send("other host", outbound.Request{URL: "http://127.0.0.2:1/"})
	send("no url", outbound.Request{URL: "ftp://a"})
	fmt.Println("the: end")
	return stream.Done(), nil
}

func useStore() error {
	_, err := keyvalue.Open("other")
	fmt.Println("other store:", err)
	store, err := keyvalue.Open("default")
	if err != nil {
		return err
	}
	defer store.Close()
	if value, err := store.Get("go nothing"); value == nil && err == nil {
		fmt.Println("nothing: none")
	}
	if err := errors.Join(store.Set("go colour", []byte("blue")), store.Set("go empty", nil)); err != nil {
		return err
	}
	value, err := store.Get("go colour")
	fmt.Println("colour:", shown(string(value), err))
	if value, err = store.Get("go empty"); value != nil && err == nil {
		fmt.Println("empty:", len(value), "bytes")
	}
	keys, err := store.Keys()
	slices.Sort(keys)
	own := ""
	for _, key := range keys {
		if name, found := strings.CutPrefix(key, "go "); found {
			own += name + ","
		}
	}
	fmt.Println("keys:", shown(own, err))
	found, err := store.Exists("go colour")
	fmt.Println("exists:", shown(fmt.Sprint(found), err))
	if err := store.Delete("go colour"); err != nil {
		return err
	}
	found, err = store.Exists("go colour")
	fmt.Println("exists:", shown(fmt.Sprint(found), err))
	if err := closed(); err != nil {
		return err
	}
	return large(store)
}

// The host gives the number of a closed store's handle to the next that is opened.
func closed() error {
	first, err := keyvalue.Open("default")
	if err != nil {
		return err
	}
	first.Close()
	second, err := keyvalue.Open("default")
	if err != nil {
		return err
	}
	first.Close()
	if _, err := first.Get("go large"); !errors.Is(err, keyvalue.ErrClosed) {
		return fmt.Errorf("a closed store answers %v", err)
	}
	_, err = second.Get("go large")
	second.Close()
	second.Close()
	return err
}

// More than the arena holds, while the collector works and goroutines take turns.
func large(store *keyvalue.Store) error {
	pattern := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	if err := store.Set("go large", pattern); err != nil {
		return err
	}
	read := make([]int, 4)
	var waiting sync.WaitGroup
	for reader := range read {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			for range 16 {
				if value, _ := store.Get("go large"); bytes.Equal(value, pattern) {
					read[reader] += len(value)
				}
			}
		}()
	}
	waiting.Wait()
	fmt.Println("large:", read[0]+read[1]+read[2]+read[3])
	return nil
}

func send(what string, request outbound.Request) {
	response, err := outbound.Send(request)
	if err != nil {
		fmt.Printf("%s: %v\n", what, err)
		return
	}
	answer := ""
	for _, header := range response.Headers {
		if header.Name == "x-answer" {
			answer = header.Value
		}
	}
	fmt.Printf("%s: %d %s %s\n", what, response.Status, answer, response.Body)
}

func shown(value string, err error) string {
	if err != nil {
		return err.Error()
	}
	return value
}
