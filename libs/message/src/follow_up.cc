#include "postrider/message/follow_up.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace postrider {
namespace {

/// PostgreSQL's parser recurses, so an answer that is nested without end must not become JSON.
constexpr int kDeepest = 100;

/// Accepts JSON that is not nested too deeply, and builds nothing.
class Acceptor : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return ++depth_ <= kDeepest; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return --depth_ >= 0; }
  bool start_array(std::size_t) override { return ++depth_ <= kDeepest; }
  bool end_array() override { return --depth_ >= 0; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  int depth_ = 0;
};

/// As a JSON string. PostgreSQL's text holds no zero byte, escaped or not.
std::string Quoted(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  for (const char c : text) {
    if (c == '\0') {
      clean += "\uFFFD";
    } else {
      clean += c;
    }
  }
  return nlohmann::json(std::move(clean))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool DeclaresJson(const HttpAnswer& answer) {
  return std::any_of(answer.headers.begin(), answer.headers.end(), [](const auto& header) {
    return header.first == "content-type" && header.second.find("json") != std::string::npos;
  });
}

bool IsUsableJson(const HttpAnswer& answer) {
  const auto first = answer.body.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return false;
  const bool container = answer.body[first] == '{' || answer.body[first] == '[';
  if (!container && !DeclaresJson(answer)) return false;
  if (answer.body.find("\\u0000") != std::string::npos) return false;
  Acceptor acceptor;
  return nlohmann::json::sax_parse(answer.body, &acceptor);
}

/// An object; the values of a repeated name are joined with a comma.
std::string HeadersObject(const HttpHeaders& headers) {
  HttpHeaders merged;
  for (const auto& [name, value] : headers) {
    const auto same = std::find_if(merged.begin(), merged.end(),
                                   [&name = name](const auto& h) { return h.first == name; });
    if (same != merged.end()) {
      same->second += ", " + value;
    } else {
      merged.emplace_back(name, value);
    }
  }
  std::string object = "{";
  for (const auto& [name, value] : merged) {
    if (object.size() > 1) object += ", ";
    object += Quoted(name) + ": " + Quoted(value);
  }
  return object + '}';
}

std::string Response(const HttpAnswer* answer) {
  if (answer == nullptr || answer->status == 0) return "null";
  return "{\"status\": " + std::to_string(answer->status) +
         ", \"headers\": " + HeadersObject(answer->headers) +
         ", \"body\": " + (IsUsableJson(*answer) ? answer->body : Quoted(answer->body)) + '}';
}

std::string Payload(const Event& event) {
  if (event.body.empty()) return event.body_is_payload ? "null" : "\"\"";
  return event.body_is_payload ? event.body : Quoted(event.body);
}

}  // namespace

std::string FollowUpPayload(const Event& event, std::string_view destination,
                            const Outcome& outcome, const HttpAnswer* answer) {
  std::string json = "{\"event\": {\"id\": " + std::to_string(event.id());
  json += ", \"topic\": " + Quoted(event.topic);
  json += ", \"key\": " + (event.key ? Quoted(*event.key) : "null");
  json += ", \"payload\": " + Payload(event);
  json += "}, \"destination\": " + Quoted(destination);
  json += ", \"response\": " + Response(answer);
  json += ", \"attempts\": " + std::to_string(outcome.attempts);
  json += ", \"reason\": " + (outcome.reason ? Quoted(ToString(*outcome.reason)) : "null");
  json += ", \"class\": " + (outcome.failure ? Quoted(ToString(*outcome.failure)) : "null");
  return json + '}';
}

}  // namespace postrider
