"""How well is it done? Service evaluation (好差评), timeliness, publication. Not the measuring of models."""
