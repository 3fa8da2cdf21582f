#include "postrider/engine/question_log.h"

namespace postrider {

void QuestionLog::EndAnswer(std::uint64_t number) {
  answered_ = number;
  // What left before the last question answered was asked, is known to all answers to come.
  while (!order_.empty() && order_.front().second <= answered_) {
    const auto [id, asked] = order_.front();
    order_.pop_front();
    const auto found = left_.find(id);
    if (found != left_.end() && found->second.asked == asked) left_.erase(found);
  }
}

void QuestionLog::Left(EventId id, std::int16_t run) {
  if (asked_ == answered_) return;
  left_[id] = {run, asked_};
  order_.emplace_back(id, asked_);
}

bool QuestionLog::LeftSince(EventId id) const {
  const auto left = left_.find(id);
  return left != left_.end() && left->second.asked > answered_;
}

bool QuestionLog::IsStale(EventId id, std::int16_t run) const {
  return LeftSince(id) && run <= left_.at(id).run;
}

void QuestionLog::Reset() {
  left_.clear();
  order_.clear();
  answered_ = asked_;
}

}  // namespace postrider
