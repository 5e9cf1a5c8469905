"""Polls of the beginner's tutorial: SubFactory in one direction, a list in the other."""


# %% models
class Question(Base):
    __tablename__ = "polls_question"
    id = Column(Integer, primary_key=True)
    question_text = Column(String(200), nullable=False)
    pub_date = Column(DateTime, nullable=False)
    choices = relationship("Choice", back_populates="question")


class Choice(Base):
    __tablename__ = "polls_choice"
    id = Column(Integer, primary_key=True)
    question_id = Column(Integer, ForeignKey("polls_question.id"), nullable=False)
    choice_text = Column(String(200), nullable=False)
    votes = Column(Integer, default=0)
    question = relationship("Question", back_populates="choices")


# %% factories
class QuestionFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Question
        sqlalchemy_session = Session

    question_text = factory.Faker("sentence", nb_words=6)
    pub_date = factory.LazyFunction(lambda: datetime.datetime(2024, 5, 5, 12, 30))
    choices = factory.LazyAttribute(lambda o: [Choice(choice_text=t) for t in ("yes", "no")])


class ChoiceFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Choice
        sqlalchemy_session = Session

    question = factory.SubFactory(QuestionFactory, choices=factory.LazyFunction(list))
    choice_text = factory.Faker("word")


# %% counts
{"QuestionFactory": 4, "ChoiceFactory": 3}


# %% equal
[
    "SELECT pub_date FROM polls_question",
    "SELECT question_id - (SELECT min(id) FROM polls_question), count(*), sum(votes)"
    " FROM polls_choice GROUP BY question_id",
]
