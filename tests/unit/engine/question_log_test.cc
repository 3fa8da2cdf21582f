#include "postrider/engine/question_log.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(QuestionLogTest, AnAnswerIsOlderThanWhatLeftWhileItsQuestionWasOpen) {
  QuestionLog log;
  const auto question = log.Ask();
  log.Left(7, 1);
  log.BeginAnswer(question);
  EXPECT_TRUE(log.IsStale(7, 1));
  EXPECT_FALSE(log.IsStale(8, 1));
}

TEST(QuestionLogTest, AQuestionAskedAfterwardsIsAnsweredWithTheTruth) {
  QuestionLog log;
  const auto before = log.Ask();
  log.Left(7, 1);
  const auto after = log.Ask();
  log.BeginAnswer(before);
  log.EndAnswer(before);
  log.BeginAnswer(after);
  EXPECT_FALSE(log.IsStale(7, 1));
}

TEST(QuestionLogTest, ANewerRunIsNeverStale) {
  QuestionLog log;
  const auto question = log.Ask();
  log.Left(7, 1);
  log.BeginAnswer(question);
  EXPECT_FALSE(log.IsStale(7, 2)) << "a person has put it back since";
  EXPECT_TRUE(log.LeftSince(7));
}

TEST(QuestionLogTest, WhatLeavesWhileNothingIsAskedIsNotRemembered) {
  QuestionLog log;
  log.Left(7, 1);
  log.BeginAnswer(log.Ask());
  EXPECT_FALSE(log.LeftSince(7));
}

TEST(QuestionLogTest, OneThatLeavesTwiceCountsFromTheSecondTime) {
  QuestionLog log;
  const auto first = log.Ask();
  log.Left(7, 1);
  const auto second = log.Ask();
  log.Left(7, 1);
  log.BeginAnswer(first);
  log.EndAnswer(first);
  log.BeginAnswer(second);
  EXPECT_TRUE(log.IsStale(7, 1));
}

TEST(QuestionLogTest, AfterAResetNothingIsStale) {
  QuestionLog log;
  log.Ask();
  log.Left(7, 1);
  log.Reset();
  log.BeginAnswer(log.Ask());
  EXPECT_FALSE(log.IsStale(7, 1));
}

}  // namespace
}  // namespace postrider
