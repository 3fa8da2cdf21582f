#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "json_paths.h"
#include "postrider/message/request_builder.h"
#include "postrider/model/event.h"
#include "postrider/model/http.h"

namespace postrider {

/// A URL with Mustache variables, compiled once. The variables of `{{x}}` are percent-encoded,
/// those of `{{{x}}}` inserted as they are, as long as a URL can hold them. They stand behind the
/// host only, and can neither step out of their directory (`..`) nor be missing: an event does not
/// choose whom it is sent to.
class UrlTemplate {
 public:
  /// What the variables of one request stand for; borrows all of it.
  struct Values {
    const Event& event;
    const HttpHeaders& row_headers;
    int attempt;
    std::string_view idempotency_key;
  };

  /// Throws std::invalid_argument with what Check() says when it says something.
  explicit UrlTemplate(const std::string& text);

  static std::optional<std::string> Check(const std::string& text);

  std::variant<std::string, BuildFailure> Render(const Values& values) const;

 private:
  enum class Source { kId, kTopic, kKey, kAttempt, kIdempotencyKey, kPayload, kHeader };

  struct Tag {
    std::string name;  ///< as written, such as `payload.order.id`
    Source source = Source::kId;
    std::string header;            ///< for kHeader
    std::size_t payload_path = 0;  ///< for kPayload: index into payload_paths_
    bool escaped = true;
    std::string literal_after;
  };

  UrlTemplate() = default;

  /// What is wrong, if anything.
  std::optional<std::string> Compile(const std::string& text);
  /// @param marked  the text with a mark for each variable
  /// @param names   of the variables, in their order
  std::optional<std::string> TakeParts(const std::string& marked,
                                       const std::vector<std::string>& names);
  std::optional<std::string> AddTag(const std::string& name, bool escaped);
  /// The value of a tag, or the message why there is none.
  std::optional<std::string> ValueOf(const Tag& tag, const Values& values,
                                     const std::vector<JsonFound>& found, std::string& error) const;

  std::string literal_before_;  ///< the whole URL when there are no tags
  std::vector<Tag> tags_;
  std::vector<JsonPath> payload_paths_;
};

}  // namespace postrider
