"""Needletime: appointments and treatment plans for dry-needling clinics."""
