"""The operator's commands, one module for each noun or verb."""
