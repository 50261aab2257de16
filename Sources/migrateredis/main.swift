import RedisClient
print(probe())
