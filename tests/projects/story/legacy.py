"""The program of the story, from before it had migrations: two tables, create_all, some rows.

Usage: legacy.py URL
"""

import sys
from datetime import datetime

from sqlalchemy import Column, DateTime, Integer, String, create_engine
from sqlalchemy.orm import Session, declarative_base

url = sys.argv[1]
Base = declarative_base()
Name = String(255) if url.startswith(("mariadb", "mysql")) else String


class Department(Base):
    __tablename__ = "department"
    id = Column(Integer, primary_key=True)
    name = Column(Name)


class Employee(Base):
    __tablename__ = "employee"
    id = Column(Integer, primary_key=True)
    name = Column(Name)
    hired_on = Column(DateTime, default=datetime.now)


engine = create_engine(url)
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add_all(Department(name=name) for name in ("IT", "Financial"))
    session.add_all(Employee(name=name) for name in ("Cathy", "Marry", "John"))
    session.commit()
