#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "loading.h"

namespace postrider {
namespace {

/// Settings of `http` after its URL.
struct HttpErrorCase {
  const char* yaml;
  const char* errors;
};

void PrintTo(const HttpErrorCase& example, std::ostream* out) { *out << example.yaml; }

class HttpErrorTest : public testing::TestWithParam<HttpErrorCase> {};

TEST_P(HttpErrorTest, IsReportedWithPositionPathAndWhatIsAllowed) {
  const std::string yaml = "destinations:\n  d:\n    topics: [a]\n    http: {url: \"http://h/\", " +
                           std::string(GetParam().yaml) + "}";
  EXPECT_EQ(Errors(yaml, Variables({{"WORD", "soon"}})), GetParam().errors);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, HttpErrorTest,
    testing::Values(HttpErrorCase{
        "timout: 5s",
        "p.yaml:4:30: destinations.d.http.timout: found the unknown key \"timout\", allowed: "
        "method, headers, url, endpoints, auth, body, idempotency, announce, connect_timeout, "
        "timeout, "
        "pool, max_response, allow_private; did you mean \"timeout\"?\n"}));

INSTANTIATE_TEST_SUITE_P(
    NotYet, HttpErrorTest,
    testing::Values(
        HttpErrorCase{"query: x",
                      "p.yaml:4:30: destinations.d.http.query: \"query\" is not supported yet; "
                      "leave it out\n"},
        HttpErrorCase{
            "sign: x",
            "p.yaml:4:30: destinations.d.http.sign: \"sign\" is not supported yet; leave it out\n"},
        HttpErrorCase{
            "tls: x",
            "p.yaml:4:30: destinations.d.http.tls: \"tls\" is not supported yet; leave it out\n"},
        HttpErrorCase{"proxy: x",
                      "p.yaml:4:30: destinations.d.http.proxy: \"proxy\" is not supported yet; "
                      "leave it out\n"},
        HttpErrorCase{"source_address: x",
                      "p.yaml:4:30: destinations.d.http.source_address: \"source_address\" is not "
                      "supported yet; leave it out\n"},
        HttpErrorCase{"charset: x",
                      "p.yaml:4:30: destinations.d.http.charset: \"charset\" is not supported yet; "
                      "leave it out\n"},
        HttpErrorCase{"version: x",
                      "p.yaml:4:30: destinations.d.http.version: \"version\" is not supported yet; "
                      "leave it out\n"}));

INSTANTIATE_TEST_SUITE_P(
    Http, HttpErrorTest,
    testing::Values(
        HttpErrorCase{"endpoints: [\"http://h/\"]",
                      "p.yaml:4:41: destinations.d.http.endpoints: found beside http.url, allowed: "
                      "one of the two\n"},
        HttpErrorCase{"method: post",
                      "p.yaml:4:38: destinations.d.http.method: found \"post\", allowed: POST, "
                      "PUT, PATCH, GET, DELETE; did you mean \"POST\"?\n"},
        HttpErrorCase{"method: HEAD",
                      "p.yaml:4:38: destinations.d.http.method: found \"HEAD\", allowed: POST, "
                      "PUT, PATCH, GET, DELETE\n"},
        HttpErrorCase{"body: json",
                      "p.yaml:4:36: destinations.d.http.body: \"json\" is not supported yet, "
                      "allowed: event\n"},
        HttpErrorCase{
            "body: {template: x}",
            "p.yaml:4:36: destinations.d.http.body: a map is not supported yet, allowed: event\n"},
        HttpErrorCase{"body: evnt",
                      "p.yaml:4:36: destinations.d.http.body: found \"evnt\", allowed: event; did "
                      "you mean \"event\"?\n"},
        HttpErrorCase{"idempotency: true",
                      "p.yaml:4:43: destinations.d.http.idempotency: found \"true\", allowed: a "
                      "map {header, keep}, or false\n"},
        HttpErrorCase{
            "idempotency: {header: \"a b\"}",
            "p.yaml:4:52: destinations.d.http.idempotency.header: found \"a b\", allowed: the name "
            "of a header, but none of Host, Content-Length, Transfer-Encoding, Connection\n"},
        HttpErrorCase{
            "idempotency: {header: Host}",
            "p.yaml:4:52: destinations.d.http.idempotency.header: found \"Host\", allowed: the "
            "name of a header, but none of Host, Content-Length, Transfer-Encoding, Connection\n"},
        HttpErrorCase{"headers: {Idempotency-Key: x}",
                      "p.yaml:4:39: destinations.d.http.headers: \"Idempotency-Key\" carries the "
                      "idempotency key, allowed: null, or idempotency: false\n"},
        HttpErrorCase{"headers: {\"X A\": b}",
                      "p.yaml:4:40: destinations.d.http.headers.\"X A\": found the header name \"X "
                      "A\", allowed: letters, digits and !#$%&'*+-.^_`|~\n"},
        HttpErrorCase{"headers: {Host: b}",
                      "p.yaml:4:40: destinations.d.http.headers.Host: \"Host\" belongs to the "
                      "connection and can not be configured\n"},
        HttpErrorCase{"headers: {X-A: 1, x-a: 2}",
                      "p.yaml:4:48: destinations.d.http.headers.x-a: found the header \"x-a\" "
                      "beside \"X-A\", allowed: once; upper and lower case are the same\n"},
        HttpErrorCase{
            "headers: {X-A: \"{{key}}\"}",
            "p.yaml:4:45: destinations.d.http.headers.X-A: templates in headers are not supported "
            "yet, allowed: text, null, or a secret: {env: NAME} or {file: PATH}\n"},
        HttpErrorCase{"headers: {X-A: \"a\\nb\"}",
                      "p.yaml:4:45: destinations.d.http.headers.X-A: found a line break, control "
                      "character or space at an end, allowed: one line of text\n"},
        HttpErrorCase{"headers: {X-A: [b]}",
                      "p.yaml:4:45: destinations.d.http.headers.X-A: found a list, allowed: text, "
                      "null, or a secret: {env: NAME} or {file: PATH}\n"},
        HttpErrorCase{"headers: [a]",
                      "p.yaml:4:39: destinations.d.http.headers: found a list, allowed: a map of "
                      "header names to text, null, or a secret: {env: NAME} or {file: PATH}\n"},
        HttpErrorCase{"headers: {X-A: {evn: B}}",
                      "p.yaml:4:46: destinations.d.http.headers.X-A.evn: found the unknown key "
                      "\"evn\", allowed: env or file\n"},
        HttpErrorCase{"connect_timeout: 5s, timeout: 4s",
                      "p.yaml:4:60: destinations.d.http.timeout: found 4s, allowed: at least "
                      "http.connect_timeout (5s)\n"},
        HttpErrorCase{"connect_timeout: 20s",
                      "p.yaml:4:47: destinations.d.http.connect_timeout: found 20s, allowed: at "
                      "most http.timeout (15s)\n"},
        HttpErrorCase{"timeout: 1ms",
                      "p.yaml:4:39: destinations.d.http.timeout: found \"1ms\", allowed: a "
                      "duration (250ms, 5s, 15m, 12h, 3d) from 10ms to 1h\n"},
        HttpErrorCase{"pool: {wait: 6m}",
                      "p.yaml:4:43: destinations.d.http.pool.wait: found \"6m\", allowed: a "
                      "duration (250ms, 5s, 15m, 12h, 3d) from 0 to 5m\n"},
        HttpErrorCase{"pool: {size: 0}",
                      "p.yaml:4:43: destinations.d.http.pool.size: found \"0\", allowed: a whole "
                      "number from 1 to 10000\n"},
        HttpErrorCase{"max_response: 0",
                      "p.yaml:4:44: destinations.d.http.max_response: found \"0\", allowed: a size "
                      "(512B, 64KB, 256MB, 1GB) from 1B to 1GB\n"},
        HttpErrorCase{"allow_private: maybe",
                      "p.yaml:4:45: destinations.d.http.allow_private: found \"maybe\", allowed: "
                      "true, false, or a list of networks such as [10.0.0.0/8]\n"},
        HttpErrorCase{
            "allow_private: [10.0.0.1/8, 10.0.0.0, \"fd00::/8\"]",
            "p.yaml:4:46: destinations.d.http.allow_private[0]: found \"10.0.0.1/8\", allowed: a "
            "network such as 10.0.0.0/8 or fd00::/8, without bits after the prefix\np.yaml:4:58: "
            "destinations.d.http.allow_private[1]: found \"10.0.0.0\", allowed: a network such as "
            "10.0.0.0/8 or fd00::/8, without bits after the prefix\n"},
        HttpErrorCase{"announce: maybe",
                      "p.yaml:4:40: destinations.d.http.announce: found \"maybe\", allowed: true "
                      "or false (or yes, no, on, off)\n"}));

}  // namespace
}  // namespace postrider
