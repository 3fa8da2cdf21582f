#include "url_template.h"

#include <algorithm>
#include <array>
#include <kainjow/mustache.hpp>
#include <stdexcept>
#include <utility>

#include "header_rules.h"
#include "percent_encoding.h"

namespace postrider {
namespace {

namespace mustache = kainjow::mustache;

// Where the parser puts a variable in its output: a mark, its number, the end. None of these
// characters can stand in a URL.
constexpr char kEscapedMark = '\x01';
constexpr char kUnescapedMark = '\x02';
constexpr char kMarkEnd = '\x03';

constexpr const char* kForbiddenCharacter =
    "a URL holds no spaces, line ends or control characters";

/// Lets the Mustache parser tell which variables a template has and where they stand.
class RecordingContext : public mustache::basic_context<std::string> {
 public:
  void push(const mustache::data*) override {}
  void pop() override {}
  const mustache::data* get_partial(const std::string&) const override { return nullptr; }
  const mustache::data* get(const std::string& name) const override {
    mark_ = mustache::data(kUnescapedMark + std::to_string(names_.size()) + kMarkEnd);
    names_.push_back(name);
    return &mark_;
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  mutable mustache::data mark_;
  mutable std::vector<std::string> names_;
};

bool IsUrlCharacter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f;
}

/// Sections, partials and changed delimiters have no use in a URL and would hide variables from us.
bool HasOtherThanVariables(const std::string& text) {
  for (auto at = text.find("{{"); at != std::string::npos; at = text.find("{{", at + 2)) {
    const auto first = text.find_first_not_of("{ \t", at);
    if (first == std::string::npos) return false;
    if (std::string_view("#^/>=").find(text[first]) != std::string_view::npos) return true;
  }
  return false;
}

/// Whether the text reaches beyond scheme, host and port.
bool ReachesPath(std::string_view text) {
  const auto scheme = text.find("://");
  return scheme != std::string_view::npos &&
         text.find_first_of("/?", scheme + 3) != std::string_view::npos;
}

/// Whether a segment of the path is `.` or `..`, which clients and servers resolve before they look
/// at the path, also when it is percent-encoded.
bool HasDotSegment(std::string_view url) {
  const auto scheme = url.find("://");
  auto at = scheme == std::string_view::npos ? 0 : url.find('/', scheme + 3);
  const auto end = std::min(url.find_first_of("?#"), url.size());
  while (at < end) {
    const auto next = std::min(url.find_first_of("/\\", at + 1), end);
    std::string segment(url.substr(at + 1, next - at - 1));
    for (const std::string_view dot : {"%2e", "%2E"}) {
      for (auto found = segment.find(dot); found != std::string::npos; found = segment.find(dot)) {
        segment.replace(found, dot.size(), ".");
      }
    }
    if (segment == "." || segment == "..") return true;
    at = next;
  }
  return false;
}

JsonPath SplitPath(std::string_view text) {
  JsonPath path;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('.', begin), text.size());
    path.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return path;
}

BuildFailure TemplateFailure(std::string message) {
  return {FailureClass::kTemplate, std::move(message)};
}

}  // namespace

UrlTemplate::UrlTemplate(const std::string& text) {
  if (const auto error = Compile(text)) throw std::invalid_argument(*error);
}

std::optional<std::string> UrlTemplate::Check(const std::string& text) {
  return UrlTemplate().Compile(text);
}

std::optional<std::string> UrlTemplate::Compile(const std::string& text) {
  if (text.find_first_of({kEscapedMark, kUnescapedMark, kMarkEnd}) != std::string::npos) {
    return kForbiddenCharacter;
  }
  if (HasOtherThanVariables(text)) {
    return "a URL takes variables such as {{key}} only, no sections, partials or delimiters";
  }
  mustache::mustache parser(text);
  if (!parser.is_valid()) return parser.error_message();
  parser.set_custom_escape([](const std::string& mark) { return kEscapedMark + mark.substr(1); });
  RecordingContext context;
  return TakeParts(parser.render(context), context.names());
}

std::optional<std::string> UrlTemplate::TakeParts(const std::string& marked,
                                                  const std::vector<std::string>& names) {
  std::string* literal = &literal_before_;
  for (std::size_t at = 0; at < marked.size(); ++at) {
    const char c = marked[at];
    if (c == kEscapedMark || c == kUnescapedMark) {
      if (tags_.empty() && !ReachesPath(literal_before_)) {
        return "variables stand behind the host, as in https://host/path/{{key}}";
      }
      if (auto error = AddTag(names[tags_.size()], c == kEscapedMark)) return error;
      literal = &tags_.back().literal_after;
      at = marked.find(kMarkEnd, at);
    } else if (IsUrlCharacter(c)) {
      *literal += c;
    } else {
      return kForbiddenCharacter;
    }
  }
  return std::nullopt;
}

std::optional<std::string> UrlTemplate::AddTag(const std::string& name, bool escaped) {
  static const std::array<std::pair<std::string_view, Source>, 5> kPlain{
      {{"id", Source::kId},
       {"topic", Source::kTopic},
       {"key", Source::kKey},
       {"attempt", Source::kAttempt},
       {"idempotency_key", Source::kIdempotencyKey}}};
  Tag tag;
  tag.name = name;
  tag.escaped = escaped;
  const auto* plain = std::find_if(kPlain.begin(), kPlain.end(),
                                   [&](const auto& entry) { return entry.first == name; });
  if (plain != kPlain.end()) {
    tag.source = plain->second;
  } else if (name.rfind("headers.", 0) == 0 && IsHeaderName(name.substr(8))) {
    tag.source = Source::kHeader;
    tag.header = name.substr(8);
  } else if (name.rfind("payload.", 0) == 0) {
    JsonPath path = SplitPath(std::string_view(name).substr(8));
    if (std::any_of(path.begin(), path.end(), [](const auto& part) { return part.empty(); })) {
      return "variable '" + name + "' has an empty part";
    }
    tag.source = Source::kPayload;
    tag.payload_path = payload_paths_.size();
    payload_paths_.push_back(std::move(path));
  } else {
    return "unknown variable '" + name +
           "'; allowed are id, topic, key, attempt, idempotency_key, payload.<path> and "
           "headers.<name>";
  }
  tags_.push_back(std::move(tag));
  return std::nullopt;
}

std::optional<std::string> UrlTemplate::ValueOf(const Tag& tag, const Values& values,
                                                const std::vector<JsonFound>& found,
                                                std::string& error) const {
  switch (tag.source) {
    case Source::kId:
      return std::to_string(values.event.id());
    case Source::kTopic:
      return values.event.topic;
    case Source::kKey:
      if (values.event.key) return values.event.key;
      break;
    case Source::kAttempt:
      return std::to_string(values.attempt);
    case Source::kIdempotencyKey:
      return std::string(values.idempotency_key);
    case Source::kPayload: {
      const JsonFound& value = found[tag.payload_path];
      if (value.kind == JsonFound::Kind::kText) return value.text;
      if (value.kind == JsonFound::Kind::kContainer) {
        error = "variable '" + tag.name + "' of the URL is an object or an array, not a value";
        return std::nullopt;
      }
      break;
    }
    case Source::kHeader:
      for (const auto& [name, value] : values.row_headers) {
        if (SameHeaderName(name, tag.header)) return value;
      }
      break;
  }
  error = "variable '" + tag.name + "' of the URL is missing in the event";
  return std::nullopt;
}

std::variant<std::string, BuildFailure> UrlTemplate::Render(const Values& values) const {
  if (tags_.empty()) return literal_before_;
  std::vector<JsonFound> found(payload_paths_.size());
  if (!payload_paths_.empty() && values.event.body_is_payload && !values.event.body.empty()) {
    auto looked_up = FindInJson(values.event.body, payload_paths_);
    if (!looked_up) return TemplateFailure("the payload, which the URL needs, cannot be read");
    found = *std::move(looked_up);
  }
  std::string url = literal_before_;
  for (const Tag& tag : tags_) {
    std::string error;
    const std::optional<std::string> value = ValueOf(tag, values, found, error);
    if (!value) return TemplateFailure(std::move(error));
    if (tag.escaped) {
      AppendPercentEncoded(*value, url);
    } else if (std::all_of(value->begin(), value->end(), IsUrlCharacter)) {
      url += *value;
    } else {
      return TemplateFailure("variable '" + tag.name +
                             "' of the URL holds a space or control character; {{" + tag.name +
                             "}} would escape it");
    }
    url += tag.literal_after;
  }
  if (HasDotSegment(url)) {
    return TemplateFailure("the variables of the URL make a path segment '.' or '..'");
  }
  return url;
}

}  // namespace postrider
