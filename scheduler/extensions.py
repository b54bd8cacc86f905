"""One instance each of what the parts share; create_app() joins them to the application."""

from flask_babel import Babel
from flask_migrate import Migrate
from flask_smorest import Api
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from scheduler.models.base import Base

db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False, "autoflush": True})
migrate = Migrate(db=db, compare_type=True)
csrf = CSRFProtect()
babel = Babel()
rest = Api()
