// Judges a file of flat records with Coraza and the OWASP Core Rule Set: what a server that has it as a middleware does with each
// request, without the server. The runner is coraza_crs.py.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	coreruleset "github.com/corazawaf/coraza-coreruleset/v4"
	"github.com/corazawaf/coraza/v3"
)

// Bodies are read by the parser that their type names, and what the rules would stop is stopped.
const directives = `
Include @coraza.conf-recommended
Include @crs-setup.conf.example
Include @owasp_crs/*.conf
SecRuleEngine On
SecAuditEngine Off
SecRequestBodyLimit 134217728
SecResponseBodyAccess Off
`

type record struct {
	RequestID   string            `json:"request_id"`
	IP          string            `json:"ip"`
	Method      string            `json:"method"`
	Host        string            `json:"host"`
	Path        string            `json:"path"`
	Query       string            `json:"query"`
	UserAgent   string            `json:"user_agent"`
	Referer     string            `json:"referer"`
	ContentType string            `json:"content_type"`
	Body        string            `json:"body"`
	Headers     map[string]string `json:"headers"`
}

func isAttack(waf coraza.WAF, request *record) (bool, error) {
	transaction := waf.NewTransaction()
	defer transaction.Close()
	uri := request.Path
	if request.Query != "" {
		uri += "?" + request.Query
	}
	transaction.ProcessConnection(request.IP, 40000, "192.0.2.1", 443)
	transaction.ProcessURI(uri, request.Method, "HTTP/1.1")
	add := func(name, value string) {
		if value != "" {
			transaction.AddRequestHeader(name, value)
		}
	}
	add("Host", request.Host)
	transaction.SetServerName(request.Host)
	add("User-Agent", request.UserAgent)
	add("Referer", request.Referer)
	add("Content-Type", request.ContentType)
	if request.Body != "" {
		add("Content-Length", strconv.Itoa(len(request.Body)))
	}
	for name, value := range request.Headers {
		add(name, value)
	}
	if transaction.ProcessRequestHeaders() != nil {
		return true, nil
	}
	if stopped, _, err := transaction.WriteRequestBody([]byte(request.Body)); stopped != nil || err != nil {
		return stopped != nil, err
	}
	stopped, err := transaction.ProcessRequestBody()
	return stopped != nil, err
}

func judge(source, target string) error {
	waf, err := coraza.NewWAF(coraza.NewWAFConfig().WithDirectives(directives).WithRootFS(coreruleset.FS))
	if err != nil {
		return err
	}
	input, err := os.Open(source)
	if err != nil {
		return err
	}
	defer input.Close()
	lines := bufio.NewScanner(input)
	lines.Buffer(make([]byte, 1<<20), 64<<20)
	judged, found := 0, []string{}
	for lines.Scan() {
		var request record
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			continue
		}
		judged++
		attack, err := isAttack(waf, &request)
		if err != nil {
			return fmt.Errorf("%s: %w", request.RequestID, err)
		}
		if attack {
			found = append(found, request.RequestID)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	result, err := json.Marshal(map[string]any{"records": judged, "found": found})
	if err != nil {
		return err
	}
	return os.WriteFile(target, result, 0o644)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintf(os.Stderr, "usage: %s RECORDS RESULT\n", os.Args[0])
		os.Exit(2)
	}
	if err := judge(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
