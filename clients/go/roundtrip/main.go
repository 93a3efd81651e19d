// Command roundtrip reads frames, one a line, ClientFrame or ServerFrame and a tab before each, and writes them again.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"strings"

	"vezachat"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		union, text, _ := strings.Cut(lines.Text(), "\t")
		written, err := again(union, []byte(text))
		if err != nil {
			log.Fatalf("%s: %v", text, err)
		}
		fmt.Println(string(written))
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}

func again(union string, text []byte) ([]byte, error) {
	if union == "ClientFrame" {
		frame, err := vezachat.UnmarshalClientFrame(text)
		if err != nil {
			return nil, err
		}
		return vezachat.Marshal(frame)
	}
	frame, err := vezachat.UnmarshalServerFrame(text)
	if err != nil {
		return nil, err
	}
	return vezachat.Marshal(frame)
}
