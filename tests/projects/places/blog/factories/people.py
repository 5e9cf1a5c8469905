import factory

from blog.models import Author

from .items import BlogFactory


class AuthorFactory(BlogFactory):
    class Meta:
        model = Author

    name = factory.Faker("name")
