"""Service evaluation (好差评), timeliness and publication. Not the measuring of models."""
