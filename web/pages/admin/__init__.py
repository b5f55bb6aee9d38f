"""The administration, one module a page. What stands around them, navigation and all, is `templates/admin/frame.html`."""
