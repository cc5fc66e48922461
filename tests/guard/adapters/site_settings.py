"""Settings of the Django site of these tests; each test sets the guard's own."""

ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"]
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware"]
REST_FRAMEWORK = {"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]}
ROOT_URLCONF = "guard.adapters.site"
SECRET_KEY = "of a site in a test"
USE_TZ = True
