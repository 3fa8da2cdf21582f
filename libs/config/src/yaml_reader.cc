#include "yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "utf8.h"

namespace postrider {
namespace {

using Kind = Node::Kind;

Place PlaceOf(const YAML::Mark& mark) {
  return {std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1};
}

bool IsNullWord(const std::string& text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

/// Builds the tree from the parser's events.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Report& report) : report_(report) {}

  NodeRef root() const { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Finish(NewNode(Kind::kNull, mark), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found != anchors_.end()) return Attach(found->second, PlaceOf(mark));
    report_.Error(PlaceOf(mark), "", "found an alias of a value inside that value itself");
    Finish(NewNode(Kind::kNull, mark), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    CheckTag(mark, tag);
    const bool null = tag == "?" && IsNullWord(value);
    auto node = NewNode(null ? Kind::kNull : Kind::kScalar, mark);
    node->plain = tag == "?";
    node->text = value;
    Finish(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    CheckTag(mark, tag);
    open_.push_back({NewNode(Kind::kList, mark), anchor, {}, {}});
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    CheckTag(mark, tag);
    open_.push_back({NewNode(Kind::kMap, mark), anchor, {}, {}});
  }
  void OnMapEnd() override {
    ResolveMerges(*open_.back().node);
    Close();
  }

 private:
  struct Open {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor = 0;
    NodeRef key;  // of the member whose value comes next
    Place key_place;
  };

  static std::shared_ptr<Node> NewNode(Kind kind, const YAML::Mark& mark) {
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->place = PlaceOf(mark);
    return node;
  }

  void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.size() <= 1 || tag.starts_with("tag:yaml.org,2002:")) return;
    report_.Error(PlaceOf(mark), "", "found the tag \"" + tag + "\", allowed: no tags");
  }

  void Close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    Finish(std::move(closed.node), closed.anchor);
  }

  void Finish(std::shared_ptr<Node> node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    const auto place = node->place;
    Attach(std::move(node), place);
  }

  // Puts a complete node where it belongs: an item, a key, a value, or the document.
  void Attach(NodeRef node, Place place) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node->kind == Kind::kList) {
      parent.node->items.push_back(std::move(node));
    } else if (parent.key == nullptr) {
      parent.key = std::move(node);
      parent.key_place = place;
    } else {
      AddMember(parent, std::move(node));
    }
  }

  void AddMember(Open& parent, NodeRef value) {
    const NodeRef key = std::exchange(parent.key, nullptr);
    if (key->kind == Kind::kList || key->kind == Kind::kMap) {
      report_.Error(parent.key_place, "", "found a list or map as a key, allowed: a name");
      return;
    }
    parent.node->members.push_back({key->text, parent.key_place, std::move(value)});
  }

  // `<<: *base` and `<<: [*a, *b]`: what the map itself says wins, then the first of the list.
  void ResolveMerges(Node& map) {
    std::vector<NodeMember> merges;
    std::vector<NodeMember> own;
    for (auto& member : map.members) {
      (member.key == "<<" ? merges : own).push_back(std::move(member));
    }
    map.members = std::move(own);
    for (const auto& merge : merges) {
      const bool list = merge.value->kind == Kind::kList;
      const auto sources = list ? merge.value->items : std::vector<NodeRef>{merge.value};
      for (const auto& source : sources) MergeInto(map, *source, merge.place);
    }
  }

  void MergeInto(Node& map, const Node& source, Place place) {
    if (source.kind != Kind::kMap) {
      report_.Error(place, "",
                    "found \"<<\" without a map, allowed: an alias of a map, or a list "
                    "of them");
      return;
    }
    for (const auto& member : source.members) {
      const bool present = std::any_of(map.members.begin(), map.members.end(),
                                       [&](const auto& own) { return own.key == member.key; });
      if (!present) map.members.push_back(member);
    }
  }

  Report& report_;
  NodeRef root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, NodeRef> anchors_;
};

bool CheckText(std::string_view text, Report& report) {
  const auto bad = FirstBadByte(text);
  if (!bad) return true;
  const auto before = text.substr(0, *bad);
  const auto line = std::count(before.begin(), before.end(), '\n');
  const auto start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  report.Error({static_cast<int>(line) + 1, static_cast<int>(*bad - start) + 1}, "",
               "found a byte that is not text, allowed: UTF-8 without control characters");
  return false;
}

// The parser's words, with what they mostly mean.
std::string SyntaxMessage(const std::string& reason, std::string_view line) {
  const std::string message = "not YAML: " + reason;
  const std::size_t indent = line.find_first_not_of(" 	");
  if (line.substr(0, indent).find('\t') != line.npos) {
    return message + "; the line is indented with a tab, allowed: spaces";
  }
  if (reason.find("alias") != reason.npos) return message + "; a * as text needs quotes: \"*\"";
  if (reason == YAML::ErrorMsg::END_OF_MAP_FLOW)
    return message + "; a { has no }, or a ${..} inside has no quotes";
  if (reason == YAML::ErrorMsg::END_OF_SEQ_FLOW)
    return message + "; a [ has no ], or a ${..} inside has no quotes";
  return message;
}

// A line of the text, from 1.
std::string_view LineOf(std::string_view text, int number) {
  for (int line = 1; line < number; ++line) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    if (text.empty()) return text;
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace

NodeRef ReadYaml(std::string_view text, Report& report) {
  if (!CheckText(text, report)) return nullptr;
  std::istringstream stream{std::string(text)};
  TreeBuilder tree(report);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(tree)) return std::make_shared<Node>();
    TreeBuilder second(report);
    if (parser.HandleNextDocument(second)) {
      report.Error(second.root() ? second.root()->place : Place{}, "",
                   "found a second document, allowed: one");
    }
  } catch (const YAML::Exception& fault) {
    const Place place = PlaceOf(fault.mark);
    report.Error(place, "", SyntaxMessage(fault.msg, LineOf(text, place.line)));
    return nullptr;
  }
  return tree.root() ? tree.root() : std::make_shared<Node>();
}

}  // namespace postrider
