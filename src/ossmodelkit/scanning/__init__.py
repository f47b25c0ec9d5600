"""Would loading this model harm us?"""
